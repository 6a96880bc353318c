"""What diagrams of all packages share: colours that differ to everyone, and libraries that not everybody has."""

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
