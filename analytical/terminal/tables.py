"""Tables on a terminal; commands import this, and with it rich, only to print one."""

from typing import NoReturn

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from analytical.terminal.errors import leave_closed_pipe
from analytical.terminal.outputs import STANDARD_OUTPUT

NARROWEST = 80
"""Columns that tables take at least; a narrower terminal breaks their lines, and nothing is left out."""


class PeopleConsole(Console):
    """A console whose reader may leave: rich would exit with status 1 then."""

    def on_broken_pipe(self) -> NoReturn:
        """End well: what the reader wanted has been read."""
        leave_closed_pipe()


def people_console(*files: str | None) -> Console:
    """Where tables go: standard output, unless one of the files is there.

    Parameters
    ----------
    *files : str or None
        Files that the command writes; if one is ``-``, tables go to standard error.
    """
    # names of layers may have brackets and colons, which rich would take for markup and emoji
    console = PeopleConsole(stderr=STANDARD_OUTPUT in files, highlight=False, markup=False, emoji=False)
    console.width = max(console.width, NARROWEST)
    return console


def people_table(title: str, *headings: str) -> Table:
    """A table for people, narrow enough for a terminal of 80 columns: a name on the left, numbers on the right.

    Parameters
    ----------
    title : str
        Stands above it.
    *headings : str
        One a column: the first is for names, on the left.
    """
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=0, pad_edge=False)
    for number, heading in enumerate(headings):
        # where all cannot have its width, long names are folded, and never a number
        table.add_column(heading, justify="right" if number else "left", no_wrap=number > 0, overflow="fold")
    return table
