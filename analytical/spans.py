"""Half-open ranges of rows, columns, channels, filters and images, and how sizes are cut into them."""

from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of rows, columns, channels, filters or images."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many there are."""
        return self.stop - self.start

    @property
    def slice(self) -> slice:
        """The range as arrays take it."""
        return slice(self.start, self.stop)

    def shifted(self, by: int) -> "Span":
        """The range that begins ``by`` later."""
        return Span(self.start + by, self.stop + by)

    def __str__(self) -> str:
        return f"{self.start}:{self.stop}"


def spans(size: int, tile: int, start: int = 0) -> list[Span]:
    """``size`` cut into tiles; the last may be smaller.

    Examples
    --------
    >>> [str(span) for span in spans(5, 2)]
    ['0:2', '2:4', '4:5']
    """
    return [Span(start + at, start + min(at + tile, size)) for at in range(0, size, tile)]


def share(size: int, parts: int) -> int:
    """The largest part of ``size`` in so many whole parts: the ceiling of the quotient.

    Examples
    --------
    >>> share(7, 3)
    3
    """
    return -(-size // parts)
