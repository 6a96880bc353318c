"""What parts of layers cost where some of them were measured, maybe while others used the processor."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from partition.sources.file import Measurement


def cost_of_part(rows: Sequence[Measurement], filters: int, of: int, utilisation: float) -> tuple[float, float]:
    """Joules and seconds of some filters of a layer.

    Between numbers of filters that were measured, costs lie on a line; beyond the greatest, and below the least, they
    are in proportion. Between utilisations as well; beyond them, what took t / (1 - u) at one takes t / (1 - u') at the
    other, and as much energy.

    Parameters
    ----------
    rows : sequence of Measurement
        Of the layer, at least one.
    filters, of : int
        How many, and how many the layer has.
    utilisation : float

    Examples
    --------
    >>> rows = [Measurement(None, 0.0, 0.004, 0.02)]
    >>> cost_of_part(rows, 2, 8, 0.0), cost_of_part(rows, 8, 8, 0.5)
    ((0.001, 0.005), (0.004, 0.04))
    >>> cost_of_part([*rows, Measurement(4, 0.0, 0.003, 0.01), Measurement(None, 0.5, 0.005, 0.03)], 4, 8, 0.0)
    (0.003, 0.01)
    """
    if not filters:
        return 0.0, 0.0
    levels = []
    for level, group in groupby(sorted(rows, key=lambda row: row.utilisation), key=lambda row: row.utilisation):
        measured = sorted((row.filters or of, row.energy_J, row.latency_s) for row in group)
        numbers = [0, *(number for number, _, _ in measured)]
        energies = [0.0, *(energy for _, energy, _ in measured)]
        latencies = [0.0, *(latency for _, _, latency in measured)]
        beyond = max(1.0, filters / numbers[-1])
        at = min(filters, numbers[-1])
        levels.append(
            (
                level,
                float(np.interp(at, numbers, energies)) * beyond,
                float(np.interp(at, numbers, latencies)) * beyond,
            )
        )
    shares = [level for level, _, _ in levels]
    nearest = min(max(utilisation, shares[0]), shares[-1])
    energy = float(np.interp(nearest, shares, [energy for _, energy, _ in levels]))
    latency = float(np.interp(nearest, shares, [latency for _, _, latency in levels]))
    return energy, latency * (1 - nearest) / (1 - utilisation)
