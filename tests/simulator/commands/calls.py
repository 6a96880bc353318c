"""A small network, and the command line called on it."""

import csv
from subprocess import CompletedProcess

from tests.commands import command

NETWORK = """\
layer,kind,groups,ifmap_padded,pad,channels_per_filter,filter,filters,stride,ofmap,sparsity_ifmap_padded,sparsity_ofmap,batch
A,conv,1,15,1,4,3,8,1,13,0.3,0.5,2
B,conv,2,13,0,4,3,8,2,6,0.5,0.7,2
C,fc,1,6,0,8,6,10,1,1,0.7,0,3
"""


def simulator(*arguments: str) -> CompletedProcess[str]:
    return command("simulator", *arguments)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))
