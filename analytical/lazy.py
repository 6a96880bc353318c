"""Public names of a package, whose modules are imported when a name is first used."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Its name.
    homes : mapping of str to str
        Public names, and the modules that have them. No module may have the name of one: once imported, it would take
        its place.

    Returns
    -------
    (callable, callable)
        ``__getattr__``, which raises AttributeError for other names, and ``__dir__``, which lists what is imported
        already as well.

    Examples
    --------
    >>> get, names = lazy_names("analytical", {"Layer": "analytical.layer"})
    >>> get("Layer").__name__, "Layer" in names()
    ('Layer', True)
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return get, names
