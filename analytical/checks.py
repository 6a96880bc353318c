"""What numbers that come in are checked for."""

from numbers import Integral, Real
from typing import Any, TypeVar

T = TypeVar("T")


def is_whole(value: object) -> bool:
    """Whether a value counts something: an integer of Python's or NumPy's, but no truth value.

    Examples
    --------
    >>> is_whole(3), is_whole(3.0), is_whole(True)
    (True, False, False)
    """
    # Python's own first: it is what nearly all are, and an abstract class takes its time to say so
    return type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool))


def is_number(value: object) -> bool:
    """Whether a value measures something: a real number of Python's or NumPy's, but no truth value.

    >>> is_number(3), is_number(3.5), is_number("3")
    (True, True, False)
    """
    return type(value) is float or (isinstance(value, Real) and not isinstance(value, bool))


def as_list(said: Any) -> list[Any]:
    """What was given as a list, from callers without a type checker; of what is no list or tuple, none.

    Examples
    --------
    >>> as_list((1, 2)), as_list("ab"), as_list(None)
    ([1, 2], [], [])
    """
    return list(said) if isinstance(said, list | tuple) else []


def all_of(kind: type[T], said: Any) -> tuple[T, ...]:
    """What was given as a list of one kind, from callers without a type checker; nothing where something else is there.

    Examples
    --------
    >>> all_of(int, [1, 2]), all_of(int, [1, "2"]), all_of(int, 1)
    ((1, 2), (), ())
    """
    items = as_list(said)
    found = tuple(each for each in items if isinstance(each, kind))
    return found if len(found) == len(items) else ()
