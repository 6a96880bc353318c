"""CSV as people and spreadsheets write it: blanks around cells, empty rows, commas at the end, a byte order mark."""

import csv
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sheet:
    """Headings, and rows under them.

    Attributes
    ----------
    headings : tuple of str
        Each once, none empty.
    rows : tuple of (str, dict of str to str)
        Where a row stands (``row 3``; the headings are row 1), and its cells by heading; none is empty throughout.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, dict[str, str]], ...]


Refuse = Callable[[str], Exception]
"""Makes the error of what is wrong."""


def read_text(path: Path, refuse: Refuse, expected: str) -> str:
    """The text of a file in UTF-8, with or without a byte order mark, which spreadsheets write.

    Parameters
    ----------
    path : Path
    refuse : callable
        Makes the error.
    expected : str
        What the file should be.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise refuse(f"cannot be read ({reason}); expected {expected}") from error


def parse_sheet(
    text: str, refuse: Refuse, expected: str, *, optional: Callable[[str], bool] = lambda _: False
) -> Sheet:
    """The sheet of a CSV text.

    Blanks around cells do not count, nor do rows and columns without any text: a row may end in commas.

    Parameters
    ----------
    text : str
    refuse : callable
        Makes the error of what is wrong.
    expected : str
        What the text should be, for the message.
    optional : callable
        Whether a column's cells may be left out at the end of a row, and then are empty.

    Examples
    --------
    >>> sheet = parse_sheet("layer, energy_J,\\n,,\\nC1, 0.5,\\n", ValueError, "a table")
    >>> sheet.headings, sheet.rows
    (('layer', 'energy_J'), (('row 3', {'layer': 'C1', 'energy_J': '0.5'}),))
    """
    # blanks before a quote would make it a part of the cell
    reader = csv.reader(StringIO(text), skipinitialspace=True)
    lines: list[tuple[int, list[str]]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                lines.append((number, stripped))
    except csv.Error as error:
        raise refuse(f"row {reader.line_num}: {error}; expected {expected}") from error
    if not lines:
        return Sheet((), ())
    first = _without_blanks_at_the_end(lines[0][1])
    headings = [heading for heading in first if heading]
    for heading in headings:
        if headings.count(heading) > 1:
            raise refuse(f"column {heading!r} stands twice; expected it once")
    rows = []
    for number, cells in lines[1:]:
        filled = _without_blanks_at_the_end(cells)
        if len(filled) > len(first) or not all(map(optional, first[len(cells) :])):
            raise refuse(
                f"row {number}: {len(cells)} cells; expected {len(first)}, one for each column: {list_names(headings)}"
            )
        # an empty column is none; one that has something in it lacks its name
        for heading, cell in zip(first, filled, strict=False):
            if cell and not heading:
                raise refuse(f"row {number}: {cell!r} stands under no heading; expected a name for each column")
        row = dict.fromkeys(headings, "")
        row |= {heading: cell for heading, cell in zip(first, filled, strict=False) if heading}
        rows.append((f"row {number}", row))
    return Sheet(tuple(headings), tuple(rows))


def _without_blanks_at_the_end(cells: Sequence[str]) -> list[str]:
    kept = list(cells)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def parse_names(text: str, separator: str = ",") -> tuple[str, ...]:
    """Names in a list; one with the separator in it stands in double quotes.

    Parameters
    ----------
    text : str
    separator : str

    Examples
    --------
    >>> parse_names('C1, "conv 1, 5x5",')
    ('C1', 'conv 1, 5x5')
    """
    # an end of a line is a blank: a list has one line
    line = " ".join(text.splitlines())
    names = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    return tuple(name.strip() for name in names if name.strip())


def list_names(names: Sequence[str], separator: str = ", ") -> str:
    """Names as :func:`parse_names` reads them: in quotes where they hold the separator.

    Examples
    --------
    >>> list_names(["C1", "conv 1, 5x5"])
    'C1, "conv 1, 5x5"'
    """
    mark = separator.strip()
    return separator.join(quoted(name) if mark in name or name.startswith('"') else name for name in names)


def quoted(name: str) -> str:
    """A name in double quotes, its own doubled."""
    return '"' + name.replace('"', '""') + '"'


NUMBER = r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
"""The pattern of a number, as people write it."""

_NUMBER = re.compile(NUMBER)
_WHOLE = re.compile(r"-?[0-9]+")


def real_number(text: str) -> float:
    """A number, as written: ``0.5``, ``-3`` or ``2e-12``.

    Python's own readers also take ``1_0``, ``+3``, ``nan`` and the digits of other scripts: in a table these are slips.

    Raises
    ------
    ValueError
        The text is none, or one beyond all that a float can be.

    Examples
    --------
    >>> real_number("2e-12"), real_number(" 3. ")
    (2e-12, 3.0)
    >>> real_number("1_0")
    Traceback (most recent call last):
    ...
    ValueError: 1_0 is no number
    """
    if _NUMBER.fullmatch(text.strip()) is None:
        raise ValueError(f"{text} is no number")
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number


def whole_number(text: str) -> int:
    """A whole number, as written: ``200000000``, ``200e6`` or ``224.0``.

    Raises
    ------
    ValueError
        The text is none.

    Examples
    --------
    >>> whole_number("200e6"), whole_number("224.0")
    (200000000, 224)
    """
    if _WHOLE.fullmatch(text.strip()):
        return int(text)
    number = real_number(text)
    if not number.is_integer():
        raise ValueError(f"{text} is not whole")
    return int(number)
