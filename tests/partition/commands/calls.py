"""A small network, and the command line called on it."""

from subprocess import CompletedProcess

from tests.commands import command

CHANNEL = ("--bitrate", "60Mbps", "--tx-power", "0.5W")


NETWORK = """\
layer,kind,groups,ifmap_padded,pad,channels_per_filter,filter,filters,stride,ofmap,sparsity_ifmap_padded,sparsity_ofmap,batch,inputs,pool
A,conv,1,15,0,3,3,8,1,13,0.0,0.5,1,,
B,conv,1,13,0,8,1,4,1,13,0.4,0.6,1,A,
C,conv,1,15,1,8,3,4,1,13,0.6,0.7,1,A,
D,fc,1,6,0,8,6,10,1,1,0.5,0,1,B;C,mixed
"""


def partition(*arguments: str) -> CompletedProcess[str]:
    return command("partition", *arguments)
