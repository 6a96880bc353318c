"""What results of a network have in common: their layers by name and in order, rows, and a data frame."""

from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar


class OfLayer(Protocol):
    """The result of one layer."""

    @property
    def name(self) -> str:
        """The layer's name."""

    def row(self) -> dict[str, str | int | float]:
        """Its columns."""


T = TypeVar("T", bound=OfLayer)


class ByLayer(Generic[T]):
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

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame.

        Raises
        ------
        ImportError
            pandas is not installed; it comes with the extra ``frame``.
        """
        return frame(self.rows())


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
