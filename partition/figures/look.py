"""How a picture looks: its format, its size, its resolution and its style."""

import re
from dataclasses import dataclass
from pathlib import Path

from analytical.diagrams import drawing_library
from analytical.errors import InputError
from partition.figures.panels import FORMATS

DPI = 150
"""Dots an inch of a picture that is asked for without."""

INCHES = (0.5, 100.0)
"""Least and greatest width and height of a picture."""


class LookError(InputError):
    """A picture that cannot be drawn like this; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How a picture looks.

    Attributes
    ----------
    ending : str
        Its format, one of :data:`~partition.figures.panels.FORMATS`.
    size : tuple of float or None
        Width and height in inches; None: what its diagrams need.
    dpi : int
        Dots an inch, of a PNG.
    style : str or None
        A style of matplotlib, or a file of one; None: ours, which survives grey and colour-blindness.
    """

    ending: str = FORMATS[0]
    size: tuple[float, float] | None = None
    dpi: int = DPI
    style: str | None = None


def look_of(file: str, *, size: str | None = None, dpi: int | None = None, style: str | None = None) -> Look:
    """How a file's picture is to look; asked before what is to be drawn is computed.

    Parameters
    ----------
    file : str
        Its name ends in one of :data:`~partition.figures.panels.FORMATS`.
    size : str, optional
        Width and height in inches, as in ``3.5x2.5``.
    dpi : int, optional
        Dots an inch.
    style : str, optional
        A style of matplotlib by its name, or a file.

    Raises
    ------
    LookError
        One of these is not so, or matplotlib is not installed.

    Examples
    --------
    >>> look_of("figure.pdf", size="3.5x2.5").size
    (3.5, 2.5)
    >>> look_of("figure.gif")
    Traceback (most recent call last):
    partition.figures.look.LookError: --out figure.gif: expected a picture's name that ends in .svg, .png, .pdf
    """
    ending = Path(file).suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise LookError(f"--out {file}: expected a picture's name that ends in .{', .'.join(FORMATS)}")
    drawing_library("matplotlib")
    import matplotlib.style

    if style is not None and style not in matplotlib.style.library and not Path(style).is_file():
        raise LookError(f"--style {style}: no such file or style; expected one of matplotlib's, as in grayscale")
    return Look(ending=ending, size=_inches(size) if size else None, dpi=dpi or DPI, style=style)


def _inches(size: str) -> tuple[float, float]:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)", size)
    if found:
        width, height = float(found[1]), float(found[2])
        if INCHES[0] <= min(width, height) and max(width, height) <= INCHES[1]:
            return width, height
    raise LookError(f"--size {size}: expected WIDTHxHEIGHT in inches, each from {INCHES[0]:g} to {INCHES[1]:g}")
