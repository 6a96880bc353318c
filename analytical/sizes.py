"""Sizes of memory, as people write them."""

import math
import re

from analytical.checks import is_number
from analytical.errors import InputError

UNITS: dict[str, float] = {"kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
"""Bytes of each unit."""


def memory_size(said: str | float, refusal: type[InputError] = InputError) -> float:
    """A size of memory, in bytes: ``"16MB"``, or a number of bytes.

    Raises
    ------
    refusal
        It is none.

    Examples
    --------
    >>> memory_size("16MB"), memory_size("512 KiB")
    (16000000.0, 524288.0)
    """
    size = math.nan
    if isinstance(said, str):
        match = re.fullmatch(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*([kMGKi]*B)\s*", said)
        if match and match[2] in UNITS:
            size = float(match[1]) * UNITS[match[2]]
    elif is_number(said):
        size = float(said)
    # a nan is in no range
    if not 0 < size < math.inf:
        raise refusal(f"memory is {said!r}; expected a size like 16MB, in {', '.join(UNITS)}, above 0")
    return size
