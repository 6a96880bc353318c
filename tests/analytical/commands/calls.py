"""The command line called."""

from subprocess import CompletedProcess

from tests.commands import command


def analytical(*arguments: str) -> CompletedProcess[str]:
    return command("analytical", *arguments)
