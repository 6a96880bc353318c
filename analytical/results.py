"""What results of a network have in common: their layers by name and in order, rows, and a data frame."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Generic, Protocol, TypeVar


class OfLayer(Protocol):
    """The result of one layer."""

    @property
    def name(self) -> str:
        """The layer's name."""

    def row(self) -> dict[str, str | int | float]:
        """Its columns."""


T = TypeVar("T", bound=OfLayer)


class HasRows:
    """What can be a data frame, since it has rows."""

    # without slots of its own, a subclass with slots would still have a dict
    __slots__ = ()

    def rows(self) -> list[dict[str, Any]]:
        """All rows."""
        raise NotImplementedError

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame.

        Raises
        ------
        ImportError
            pandas is not installed; it comes with the extra ``frame``.
        """
        return frame(self.rows())


class ByLayer(HasRows, Generic[T]):
    """Results of layers, by name and in order.

    Indexing takes a layer's name and raises KeyError for others; iteration and ``len`` are over the layers in order.

    Attributes
    ----------
    layers : tuple
        One result a layer.

    Examples
    --------
    >>> from analytical.model import estimate
    >>> result = estimate("alexnet")
    >>> len(result), next(iter(result)).name, result.rows()[2]["layer"]
    (8, 'C1', 'C3')
    """

    # without slots of its own, a subclass with slots would still have a dict
    __slots__ = ()

    layers: tuple[T, ...]

    def __getitem__(self, name: str) -> T:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"{name}: no such layer; expected one of {', '.join(layer.name for layer in self.layers)}")

    def __contains__(self, name: object) -> bool:
        return any(layer.name == name for layer in self.layers)

    def __iter__(self) -> Iterator[T]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def rows(self) -> list[dict[str, str | int | float]]:
        """One row a layer, as CSV has it."""
        return [layer.row() for layer in self.layers]


def frame(rows: list[Any]) -> Any:
    """Rows as a pandas DataFrame.

    Parameters
    ----------
    rows : list of dict
        One a layer, with the same keys in the same order.

    Raises
    ------
    ImportError
        pandas is not installed; it comes with the extra ``frame``.
    """
    # pandas is an extra, and slow to import: only who asks for a frame needs it
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("to_frame() needs pandas; expected pip install pandas") from error
    return pd.DataFrame(rows)


MOST_SHOWN = 30
"""Rows of a result that a notebook shows."""


def html_table(said: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """A line and a short table, as notebooks show results.

    Parameters
    ----------
    said : str
        Stands above it.
    rows : sequence of mapping
        Names and values, the same names in each; numbers are shown in four digits.

    Examples
    --------
    >>> html_table("<one>", [{"cut": "P2", "mJ": 5.27606}])
    '<p>one</p><table><thead><tr><th>cut</th><th>mJ</th></tr></thead><tbody><tr><td>P2</td><td>5.276</td></tr></tbody></table>'
    """
    names = list(rows[0]) if rows else []
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    lines = [
        "".join(
            f"<td>{escape(f'{row[name]:.4g}' if isinstance(row[name], float) else str(row[name]))}</td>"
            for name in names
        )
        for row in rows[:MOST_SHOWN]
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    more = f"<p>and {len(rows) - MOST_SHOWN} more</p>" if len(rows) > MOST_SHOWN else ""
    title = f"<p>{escape(said.removeprefix('<').removesuffix('>'))}</p>"
    return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
