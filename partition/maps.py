"""Which cut wins where: over bit rates and transmission powers, and over images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytical.errors import InputError
from analytical.graph import IMAGE
from partition.channel import image_bits
from partition.envelope import Envelope
from partition.planning import Plan

FINE, COARSE = 200, 11
"""Channels along each side of a map for programs and pictures, and for a table."""


@dataclass(frozen=True, kw_only=True)
class CutMap:
    """The best cut for each transmission power (row) and bit rate (column).

    Attributes
    ----------
    bitrates_bps : (columns,), float64
        Bits a second.
    tx_powers_W : (rows,), float64
        Watts.
    cuts : (rows, columns), int64
        Numbers of cuts.
    names : list of str
        Names of all cuts, by their numbers.
    """

    bitrates_bps: NDArray[np.float64]
    tx_powers_W: NDArray[np.float64]
    cuts: NDArray[np.int64]
    names: list[str]

    def rows(self) -> list[dict[str, str | float]]:
        """A row for each channel."""
        return [
            {"tx_power_W": float(power), "bitrate_bps": float(rate), "cut": self.names[self.cuts[i, j]]}
            for i, power in enumerate(self.tx_powers_W)
            for j, rate in enumerate(self.bitrates_bps)
        ]


def grid(
    rates: tuple[float, float], powers: tuple[float, float], points: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """So many bit rates and so many transmission powers, evenly from the first to the second of each."""
    return np.linspace(*rates, points), np.linspace(*powers, points)


def cut_map(plan: Plan, bitrates_bps: NDArray[np.float64], tx_powers_W: NDArray[np.float64]) -> CutMap:
    """The best of the paper's cuts over a grid of channels.

    Parameters
    ----------
    plan : Plan
        Its cuts; its own channel does not matter.
    bitrates_bps, tx_powers_W : arrays of float
        Bit rates in bits a second (columns of the map), transmission powers in watts (rows).

    Raises
    ------
    InputError
        Rates or powers that are no list of positive numbers.

    See Also
    --------
    grid : makes such arrays.

    Examples
    --------
    >>> import partition
    >>> plan = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W")
    >>> found = cut_map(plan, np.array([10e6, 60e6]), np.array([0.5, 2.0]))
    >>> [[found.names[cut] for cut in row] for row in found.cuts]
    [['FC8', 'P2'], ['FC8', 'FC6']]
    """
    bitrates_bps, tx_powers_W = np.asarray(bitrates_bps, np.float64), np.asarray(tx_powers_W, np.float64)
    for name, values in (("bit rates", bitrates_bps), ("transmission powers", tx_powers_W)):
        if values.ndim != 1 or not values.size or not (np.isfinite(values) & (values > 0)).all():
            raise InputError(f"{name} are {values.tolist()}; expected a list of positive numbers")
    # a cut's cost depends on rate and power only by their quotient
    best = Envelope(plan.lines).decide(tx_powers_W[:, None] / bitrates_bps[None, :])
    return CutMap(bitrates_bps=bitrates_bps, tx_powers_W=tx_powers_W, cuts=best, names=[cut.name for cut in plan.cuts])


@dataclass(frozen=True, kw_only=True, slots=True)
class Quartile:
    """Images of one quarter of the shares of zeros (a column of Table IV).

    Attributes
    ----------
    number : int
        From 1, the lowest shares, to 4.
    images : int
        How many there are.
    sparsity_in : tuple of float
        The least and the greatest share of zeros among them.
    saving_vs_fcc_percent, saving_vs_fisc_percent : float
        Mean of what each image's best cut saves, against all in the cloud and all on the phone.
    intermediate_percent : float
        How often the best cut is neither of these.
    """

    number: int
    images: int
    sparsity_in: tuple[float, float]
    saving_vs_fcc_percent: float
    saving_vs_fisc_percent: float
    intermediate_percent: float


def quartiles(plan: Plan, sparsities: Sequence[float]) -> list[Quartile]:
    """Table IV for images with these shares of zeros: by quarters, the lowest first.

    Parameters
    ----------
    plan : Plan
        Cuts and channel.
    sparsities : sequence of float
        Share of zeros in each image's JPEG.

    Raises
    ------
    InputError
        No images, or a share that is none.

    Examples
    --------
    >>> import partition
    >>> plan = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W")
    >>> [quarter.images for quarter in quartiles(plan, [0.5, 0.55, 0.6, 0.65, 0.7])]
    [2, 1, 1, 1]
    """
    if not len(sparsities) or not all(0 <= share <= 1 for share in sparsities):
        raise InputError(f"shares of zeros are {list(sparsities)}; expected at least one, each from 0 to 1")
    shares = np.sort(np.asarray(sparsities, np.float64))
    values = plan.graph.nodes[IMAGE].values
    # only the image's bits differ from image to image; all else of a plan stands (section VII)
    bits = np.array([image_bits(values, float(share)) for share in shares])
    lines, x = plan.lines, plan.channel.joules_per_bit
    best = Envelope(lines).decide(np.full(bits.size, x), bits)
    fcc = lines.energy_J[0] + x * bits
    # the plan's own line for cut 0 is that of its image, not of these
    ours = np.where(best == 0, fcc, lines.costs_J(best, x))
    # the last cut sends nothing: the same for all images
    fisc = np.full_like(fcc, lines.costs_J(-1, x))
    found = []
    # quarters differ by at most one image; of fewer than four images, the last quarters are empty and left out
    for number, part in enumerate(np.array_split(np.arange(bits.size), 4), start=1):
        if part.size:
            found.append(
                Quartile(
                    number=number,
                    images=int(part.size),
                    sparsity_in=(float(shares[part[0]]), float(shares[part[-1]])),
                    saving_vs_fcc_percent=float(np.mean(savings_percent(ours[part], fcc[part]))),
                    saving_vs_fisc_percent=float(np.mean(savings_percent(ours[part], fisc[part]))),
                    intermediate_percent=float(
                        np.mean(100.0 * ((best[part] > 0) & (best[part] < lines.bits.size - 1)))
                    ),
                )
            )
    return found


def savings_percent(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each saves, in percent; of what costs nothing, nothing.

    Examples
    --------
    >>> savings_percent(np.array([1.0, 0.0]), np.array([4.0, 0.0])).tolist()
    [75.0, 0.0]
    """
    return 100 * (1 - np.divide(ours, theirs, out=np.ones_like(ours), where=theirs > 0))
