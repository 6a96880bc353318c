"""Compilation that goes on where nothing can be kept: Numba's ``njit`` with a cache that may be missing or full.

Numba keeps compiled functions beside their source or in the user's cache folder, and refuses to *import* them where it
can write to neither: an install that another user made, a read-only image, no home. Here they are compiled in each run
then, and the log says so, once.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])


def njit(**options: Any) -> Callable[[F], F]:
    """``numba.njit`` with these options, kept for later runs where that is possible.

    Functions that call each other have to stand in one file: what is kept is found by the file of the caller.

    Parameters
    ----------
    options
        As ``numba.njit`` takes them; ``cache`` is not one of them.

    Returns
    -------
    callable
        A decorator. The function that it makes is compiled at the first call with each kind of arguments.

    Examples
    --------
    >>> @njit()
    ... def twice(x):
    ...     return 2 * x
    >>> twice(21)
    42
    """

    def compiled(function: F) -> F:
        dispatcher: Any = numba.njit(**options)(function)
        try:
            # what njit(cache=True) does, but with a cache that never fails
            dispatcher._cache = _ForgivingCache(function)
        except (RuntimeError, OSError) as error:
            _say_once(error)
        result: F = dispatcher
        return result

    return compiled


class _ForgivingCache(FunctionCache):
    """A cache that is left alone after it has failed."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was kept, if it can be read."""
        try:
            return super().load_overload(sig, target_context)
        except OSError as error:
            _say_once(error)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it, if that is possible."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say_once(error)


_said: list[bool] = []


def _say_once(error: Exception) -> None:
    if not _said:
        _said.append(True)
        log.warning(
            "compiled kernels cannot be kept and are compiled in each run (%s); NUMBA_CACHE_DIR can name a folder",
            error,
        )
