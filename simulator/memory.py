"""What a layer's run needs of memory, and what there is: a run that cannot end is refused before it begins."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from analytical.layer import Layer


class BytesPerValue(NamedTuple):
    """What a run takes for each value of a layer, its copies at the fullest moment included."""

    ifmap: float
    filters: float
    ofmap: float


NEEDS = {"fast": BytesPerValue(4.0, 0.6, 12.0), "detailed": BytesPerValue(4.0, 2.5, 20.0)}
"""By engine, measured and rounded up: the fast one uses filters as they come. The stepped one is as the detailed."""

NEEDS_OF_ZEROS = BytesPerValue(1.0, 6.0, 0.0)
"""Beside these, where zeros of filters are looked at, or filters coded: all of them are there then, and masks."""

BYTES_KEPT = 8
"""Of each value of an ofmap that a network's result keeps: psums are exact."""

MEMINFO = Path("/proc/meminfo")
"""Where Linux says what is free."""

CGROUP = Path("/sys/fs/cgroup/memory.max")
"""Where Linux says what a container may have."""


def needed_bytes(layer: Layer, batch: int, engine: str = "fast", *, zeros: bool = False) -> int:
    """About what a run of a layer takes at its fullest moment.

    Parameters
    ----------
    layer : Layer
    batch : int
        Images of the run.
    engine : str
        One of :data:`simulator.machine.engines.ENGINES`.
    zeros : bool
        Whether the hardware looks at zeros of filters, skips, or codes filters.

    Examples
    --------
    >>> layer = Layer.conv("L", channels=64, size=224, filters=64, filter=3, padding=1)
    >>> round(needed_bytes(layer, batch=1) / 2**20)
    49
    """
    need = NEEDS.get(engine, NEEDS["detailed"])
    if zeros:
        need = BytesPerValue(*(one + more for one, more in zip(need, NEEDS_OF_ZEROS, strict=True)))
    fmaps = layer.ifmap_size * need.ifmap + layer.ofmap_size * need.ofmap
    return int(batch * fmaps + layer.F * layer.C * layer.R * layer.S * need.filters)


def available_bytes() -> int | None:
    """What this process may have at most, and what is free of it, as far as the system says."""
    limits = []
    with suppress(ValueError, OSError, StopIteration, IndexError):
        free = next(line for line in MEMINFO.read_text().splitlines() if line.startswith("MemAvailable:"))
        limits.append(int(free.split()[1]) * 1024)
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
