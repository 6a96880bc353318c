"""Half-open ranges of rows, columns, channels, filters and images, and how sizes are cut into them."""

from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of rows, columns, channels, filters or images.

    Attributes
    ----------
    start, stop : int
        The first that is in it, and the first that no longer is.

    Examples
    --------
    >>> str(Span(2, 5).shifted(10)), Span(2, 5).size, [*range(10)][Span(2, 5).slice]
    ('12:15', 3, [2, 3, 4])
    """

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

    Parameters
    ----------
    size : int
        What is cut.
    tile : int
        Size of all tiles but the last.
    start : int
        Where the first begins.

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
    # floor division of the negative rounds up, and in integers of any size exactly
    return -(-size // parts)
