"""What a layer's run needs of memory, and what there is: a run that cannot end is refused before it begins."""

import os
from contextlib import suppress
from pathlib import Path

from analytical.layer import Layer

OF_IFMAP, OF_FILTER, OF_OFMAP = 2.5, 4.5, 19
"""Bytes that a run takes for each value, its copies at the fullest moment included: measured, and rounded up."""

CGROUP = Path("/sys/fs/cgroup/memory.max")
"""Where Linux says what a container may have."""


def needed_bytes(layer: Layer, batch: int) -> int:
    """About what a run of a layer takes at its fullest moment.

    Parameters
    ----------
    layer : Layer
    batch : int
        Images of the run.

    Examples
    --------
    >>> layer = Layer.conv("L", channels=64, size=224, filters=64, filter=3, padding=1)
    >>> round(needed_bytes(layer, batch=1) / 2**20)
    66
    """
    values = layer.ifmap_size * batch * OF_IFMAP + layer.ofmap_size * batch * OF_OFMAP
    return int(values + layer.F * layer.C * layer.R * layer.S * OF_FILTER)


def available_bytes() -> int | None:
    """What this process may have at most, as far as the system says."""
    limits = []
    with suppress(ValueError, OSError, AttributeError):
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with suppress(ValueError, OSError):
        limits.append(int(CGROUP.read_text()))
    with suppress(ImportError, ValueError, OSError):
        import resource  # not on every system

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            limits.append(soft)
    return min(limits, default=None)
