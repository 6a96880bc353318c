"""What diagrams of all packages share: colours that differ to everyone, and libraries that not everybody has."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from analytical.errors import InputError

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""Okabe and Ito's, which colour-blind people tell apart, and whose greys differ."""

_KNOWN = {"altair": ("Altair", "report"), "vl_convert": ("vl-convert", "report"), "matplotlib": ("matplotlib", "plot")}
"""Their names, and the extras that have them."""


class ChartError(InputError):
    """A diagram that cannot be drawn; the message says why."""


def drawing_library(module: str) -> Any:
    """A library that only diagrams need: ``"altair"`` or ``"vl_convert"``, of the extra ``report``, or, of the extra
    ``plot``, ``"matplotlib"``.

    Raises
    ------
    ChartError
        It is not installed.

    Examples
    --------
    >>> drawing_library("altair").__name__
    'altair'
    """
    try:
        return import_module(module)
    except ImportError as error:
        name, extra = _KNOWN[module]
        raise ChartError(f'{name} is not installed; expected pip install "eyeriss-neupart[{extra}]"') from error


def picture_format(file: str, formats: Sequence[str], library: str) -> str:
    """The format that a picture's name asks for.

    Parameters
    ----------
    file : str
        The name, as ``--out`` gives it.
    formats : sequence of str
        Endings that can be drawn.
    library : str
        What draws them (:func:`drawing_library`).

    Raises
    ------
    ChartError
        It is another one, or the library is not installed.

    Examples
    --------
    >>> picture_format("c1.gif", ("png", "gif"), "matplotlib")
    'gif'
    """
    ending = file.rpartition(".")[2].lower()
    if ending not in formats:
        raise ChartError(f"--out {file}: expected a picture's name that ends in .{' or .'.join(formats)}")
    drawing_library(library)
    return ending
