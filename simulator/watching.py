"""One pass of a layer, watched from the inside: what each PE does in each cycle."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analytical.checks import is_whole
from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.hardware import Hardware
from analytical.mappings import DEFAULT_MAPPER
from analytical.network import Network, word_bits
from analytical.networks import HasNetwork, load_network
from analytical.results import html_table
from simulator.charts.raster import STATES, edges_of
from simulator.machine.kernels import COMPUTE, GATED, IDLE
from simulator.machine.pe_array import PassRun, PEArray
from simulator.machine.schedule import Pass, schedule
from simulator.runner import plan, tensors_of
from simulator.settings import GROUPS, Settings, SettingsError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class WatchError(InputError):
    """A pass that cannot be watched; the message says which there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchedPass:
    """What each PE did in each cycle of a pass.

    Attributes
    ----------
    title : str
        Which pass of which run it is, in one line.
    place : Pass
        Where it lies in the layer.
    number, passes : int
        Its number, from 0, and how many the layer has.
    run : PassRun
        What happened in it, as :meth:`PEArray.run` counts it.
    states : (cycles, rows, columns), uint8
        Of each PE of the pass, a key of :data:`simulator.charts.raster.STATES`. Rows are those of its sets: one stack
        after the other, from its top down. Psums climb from the last row of a stack to its first.
    array : (int, int)
        Rows and columns of the whole array; PEs beyond the pass's have no work.
    """

    title: str
    place: Pass
    number: int
    passes: int
    run: PassRun
    states: NDArray[np.uint8]
    array: tuple[int, int]

    def __repr__(self) -> str:
        return f"<{self.title}: {len(self.states)} cycles of {self.place.shape.active_pes} PEs of {self.pes}>"

    def _repr_html_(self) -> str:
        """Which pass, and what its PEs did, as a notebook shows them."""
        return html_table(repr(self), self.summary())

    @property
    def pes(self) -> int:
        """PEs of the whole array."""
        return self.array[0] * self.array[1]

    @property
    def cycles(self) -> int:
        """From the pass's start until its last psum is in the GLB."""
        return len(self.states)

    def row_names(self) -> list[str]:
        """Of each row of PEs: its stack, set and filter row, as far as there are several."""
        shape = self.place.shape
        parts = {"stack": len(shape.stack_filters), "set": len(shape.set_channels), "row": shape.R}
        names = []
        for row in range(self.states.shape[1]):
            numbers = (row // (parts["set"] * shape.R), row // shape.R % parts["set"], row % shape.R)
            said = zip(parts, numbers, strict=True)
            names.append(", ".join(f"{part} {number}" for part, number in said if parts[part] > 1) or "row 0")
        return names

    def pe_cycles(self, edges: Sequence[int]) -> dict[str, NDArray[np.int64]]:
        """PE-cycles of the whole array by what is done in them, from each edge to the next.

        Parameters
        ----------
        edges : sequence of int
            Cycles, rising, from 0 to :attr:`cycles`.

        Returns
        -------
        dict of str to (edges - 1,) int64
            By the names of the columns of a run; together all PEs times the cycles between two edges.
        """
        found = {name: np.zeros(len(edges) - 1, np.int64) for name, _, _ in STATES.values()}
        for at, (first, last) in enumerate(pairwise(edges)):
            counted = np.bincount(self.states[first:last].ravel(), minlength=len(STATES))
            for state, (name, _, _) in STATES.items():
                found[name][at] = counted[state]
            found[STATES[IDLE][0]][at] += (self.pes - self.place.shape.active_pes) * (last - first)
        return found

    def rows(self, points: int = 200) -> list[dict[str, int]]:
        """PE-cycles over time, as CSV has them: a row for each of so many stretches of about as many cycles."""
        edges = edges_of(0, self.cycles, points)
        counted = self.pe_cycles(edges)
        return [
            {"first_cycle": first, "end_cycle": last} | {name: int(of[at]) for name, of in counted.items()}
            for at, (first, last) in enumerate(pairwise(edges))
        ]

    def summary(self) -> list[dict[str, Any]]:
        """What the PEs did, by state: PE-cycles, their share of all, and the first and the last cycle with one."""
        found = []
        counted = self.pe_cycles([0, self.cycles])
        for state, (name, said, _) in STATES.items():
            if counted[name][0] == 0:
                continue
            # PEs without work are none of the states', and have none from the first cycle to the last
            when = np.flatnonzero((self.states == state).any(axis=(1, 2))) if state != IDLE else [0, self.cycles - 1]
            share = 100 * counted[name][0] / (self.pes * self.cycles)
            found.append(
                {
                    "PEs": said,
                    "PE-cycles": int(counted[name][0]),
                    "%": float(share),
                    "first cycle": int(when[0]),
                    "last cycle": int(when[-1]),
                }
            )
        return found

    def first_macs(self) -> NDArray[np.int64]:
        """The cycle of each PE's first MAC, done or gated, (rows, columns): the ramp-up, hop by hop.

        A PE all of whose MACs are skipped has the pass's number of cycles.
        """
        works = np.isin(self.states, (COMPUTE, GATED))
        return np.where(works.any(axis=0), works.argmax(axis=0), self.cycles)

    def places(self) -> NDArray[np.int64]:
        """The array's rows and columns, and which PE of the pass lies there: its number, row by row, or one more than
        the last where there is no work.

        Stacks lie on each other as far as the array has rows, then beside each other; where that does not fit the
        array, all rows of the pass lie below each other. The machine itself knows stacks, and no places.

        Examples
        --------
        Two stacks of 11 rows by 7 columns, beside each other on 12 x 14 PEs, whose last row has no work:

        >>> places = watch("alexnet", "C1", mapping="eyeriss", batch=1).places()
        >>> places.shape, places[0, [0, 6, 7, 13]].tolist(), set(places[11].tolist()) == {2 * 11 * 7}
        ((12, 14), [0, 6, 77, 83], True)
        """
        shape = self.place.shape
        rows, columns = self.states.shape[1:]
        stacks, nobody = len(shape.stack_filters), rows * columns
        height = rows // stacks
        above_each_other = self.array[0] // height
        beside_each_other = -(-stacks // above_each_other) if above_each_other else 0
        numbers = np.arange(nobody).reshape(stacks, height, columns)
        if not above_each_other or beside_each_other * columns > self.array[1]:
            return numbers.reshape(rows, columns)
        places = np.full(self.array, nobody)
        for stack in range(stacks):
            across, down = divmod(stack, above_each_other)
            places[down * height : (down + 1) * height, across * columns : (across + 1) * columns] = numbers[stack]
        return places

    def plot(self, first: int = 0, last: int | None = None) -> "Figure":
        """The raster of all PEs over the cycles, and the area over time, as a figure of matplotlib.

        Parameters
        ----------
        first, last : int
            The first cycle, and the one behind the last; default: all.
        """
        from simulator.charts.raster import raster_figure

        return raster_figure(self, first, last)


def watch_pass(settings: Settings, layer: str, number: int = 0) -> WatchedPass:
    """Watch a pass of a run: step it with its values, and write down what each PE does.

    Parameters
    ----------
    settings : Settings
        Which run it is a pass of.
    layer : str
        A layer of it.
    number : int
        Of the pass, from 0, in the order in which they run.

    Raises
    ------
    WatchError
        The layer has no such pass.
    NetworkError, MappingError
        There is no such layer, or it does not fit.

    See Also
    --------
    watch : the same, from names and files.
    """
    if not is_whole(number) or number < 0:
        raise WatchError(f"pass is {number!r}; expected a whole number from 0")
    [planned] = plan(replace(settings, selected=(layer,), engine="stepped"))
    found, passes = None, 0
    for p in schedule(planned.tiling):
        if passes == number:
            found = p
        passes += 1
    if found is None:
        raise WatchError(f"layer {layer} has no pass {number}; expected one from 0 to {passes - 1}")
    tensors = tensors_of(settings, planned.layer, planned.tiling.batch)
    shape, strip = found.shape, found.strip.ifmap
    # What earlier channels have left in the GLB is taken as zero: no state depends on a psum's value.
    psums = np.zeros((shape.images, shape.filters, shape.pe_columns, shape.windows), np.int64)
    run, states = PEArray(settings.hardware).watch(
        shape,
        tensors.ifmap[found.images.slice, found.channels.slice, strip.slice, found.ifmap_columns.slice],
        tensors.filters[found.filters.slice, found.filter_channels.slice],
        psums,
    )
    values = f"seed {settings.seed}" if settings.network.trace is None else "traced values"
    return WatchedPass(
        title=(
            f"{settings.network.name} {layer}, pass {number} (of 0 to {passes - 1}): {settings.hardware.name}, mapping "
            f"{settings.mapping}, batch {planned.tiling.batch}, {values}"
        ),
        place=found,
        number=number,
        passes=passes,
        run=run,
        states=states,
        array=(settings.hardware.J, settings.hardware.K),
    )


def watch(
    network: str | Path | Network | HasNetwork,
    layer: str,
    number: int = 0,
    *,
    bits: int | None = None,
    batch: int | None = None,
    mapping: str = DEFAULT_MAPPER,
    groups: str = GROUPS[0],
    hardware: Hardware | str | Path | None = None,
    seed: int = 0,
) -> WatchedPass:
    """Watch one pass of a layer from the inside: what each PE does in each cycle, with real values.

    Parameters
    ----------
    network, bits, batch, mapping, groups, hardware, seed
        As for :func:`run`.
    layer : str
        Its name.
    number : int
        Of the pass, from 0, in the order in which they run.

    Raises
    ------
    InputError
        Something that cannot be, in one line: a pass or a layer that is not there, and as for :func:`run`.

    Examples
    --------
    The first pass of AlexNet's C1: 11 rows of filters, each of which starts when the psums of the row below arrive,
    that is, after all but the first column of a window, for all filters, and a pipeline: 10 x 20 + 3 cycles.

    >>> watched = watch("alexnet", "C1", batch=1)
    >>> watched.states.shape, watched.passes
    ((16356, 11, 14), 60)
    >>> starts = watched.first_macs()[::-1, 0]
    >>> np.diff(starts)[1:].tolist()
    [203, 203, 203, 203, 203, 203, 203, 203, 203]
    """
    chosen = load_network(network)
    if not isinstance(layer, str):
        # callers without a type checker
        raise SettingsError(f"layer is {layer!r}; expected the name of a layer")
    settings = Settings(
        network=chosen,
        hardware=choose_hardware(hardware, bits, default_bits=word_bits(chosen, 16)),
        mapping=mapping,
        groups=groups,
        batch=batch,
        seed=seed,
    )
    return watch_pass(settings, layer, number)
