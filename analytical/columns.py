"""What a column of a result is: from tables of these come CSV, JSON, HDF5, ``docs/output.md`` and a test."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Per(Enum):
    """What a number is counted for."""

    BATCH = "batch"
    IMAGE = "image"
    NOTHING = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One published quantity of a result.

    Attributes
    ----------
    name : str
        The name by which programs read it; it does not change.
    unit : str
        Its unit; empty for names and plain numbers.
    per : Per
        Whether it is of the whole batch or of one image.
    meaning : str
        What it is, in a few words.
    of : callable
        Takes the result, gives the value.

    Examples
    --------
    >>> size = Column(name="size", unit="values", per=Per.IMAGE, meaning="values of a list", of=len)
    >>> row_of([size], [1, 2, 3])
    {'size': 3}
    """

    name: str
    unit: str = ""
    per: Per = Per.NOTHING
    meaning: str
    of: Callable[[Any], Any]


def row_of(columns: Iterable[Column], result: Any) -> dict[str, Any]:
    """The columns of a result, by name.

    Parameters
    ----------
    columns : iterable of Column
        Which quantities, in the order in which files show them.
    result
        What each column's ``of`` takes.
    """
    return {column.name: column.of(result) for column in columns}


def as_markdown(columns: Sequence[Column]) -> str:
    """The table of columns as a page of the documentation shows it.

    Examples
    --------
    >>> print(as_markdown([Column(name="energy_J", unit="J", per=Per.IMAGE, meaning="energy", of=float)]), end="")
    | column | unit | per | is |
    |---|---|---|---|
    | `energy_J` | J | image | energy |
    """
    rows = [f"| `{c.name}` | {c.unit or ' '} | {c.per.value or ' '} | {c.meaning} |" for c in columns]
    return "\n".join(["| column | unit | per | is |", "|---|---|---|---|", *rows]) + "\n"
