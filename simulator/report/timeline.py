"""A run as Chrome trace events, which Perfetto's UI opens: what each part of the machine does, and when.

One microsecond there is a cycle of the core clock here. An observer of the machine: it is shown what happened, and
changes nothing.
"""

import gc
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from analytical.hardware import Hardware
from analytical.layer import Layer
from simulator.machine.engines import timing_of
from simulator.machine.geometry import PassShape
from simulator.machine.history import History
from simulator.machine.layer_run import FILTER_BUFFER, GLB_IFMAP, GLB_PSUMS, Wait
from simulator.machine.loop import FILTERS, IFMAP, PSUMS
from simulator.machine.schedule import Pass, schedule
from simulator.machine.timeline import Act
from simulator.result import LayerResult
from traces.tensors import LayerTensors

LAYERS, PE_ARRAY, DRAM_LINK = 101, 102, 103
"""Tracks. None below 101: Perfetto loses what has the number 0, and takes low ones for the kernel's."""

_PARTS = {IFMAP: GLB_IFMAP, PSUMS: GLB_PSUMS, FILTERS: FILTER_BUFFER}

_LEVEL = 3
"""Of compression: more takes longer than the run."""


class Timeline:
    """Trace events of a run, layer after layer.

    Parameters
    ----------
    name : str
        What stands above it.

    Examples
    --------
    >>> import gzip
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.layer import Layer
    >>> from analytical.network import Network
    >>> from simulator.runner import run_network
    >>> from simulator.settings import Settings
    >>> layer = Layer.conv("L", channels=1, size=6, filters=2, filter=3)
    >>> timeline = Timeline("small")
    >>> result = run_network(Settings(network=Network("small", (layer,)), hardware=EYERISS_16BIT), history=timeline)
    >>> events = json.loads(gzip.decompress(timeline.gzipped()))["traceEvents"]
    >>> [event["dur"] for event in events if event.get("tid") == LAYERS and event["ph"] == "X"]
    [147]
    >>> result["L"].run.total_cycles
    147
    """

    def __init__(self, name: str) -> None:
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
        self._pieces: list[bytes] = []
        self._begin = 0
        self._write(
            [
                '{"displayTimeUnit":"ms","traceEvents":['
                + _named("process_name", f"1 us = 1 core cycle: {name}", LAYERS),
                _named("thread_name", "layer", LAYERS),
                _named("thread_name", "PE array", PE_ARRAY),
                _named("thread_name", "DRAM link", DRAM_LINK),
            ]
        )

    def __call__(self, result: LayerResult, tensors: LayerTensors, history: History) -> None:
        """Add a layer."""
        with _no_collector():
            self._write(_events(result, tensors, history, self._begin))
        self._begin += history.total

    def _write(self, events: Sequence[str]) -> None:
        text = (",\n" if self._pieces else "") + ",\n".join(events)
        self._pieces.append(self._compressor.compress(text.encode()))

    def gzipped(self) -> bytes:
        """All of it, as the content of a ``.json.gz`` file; nothing can be added afterwards."""
        return b"".join([*self._pieces, self._compressor.compress(b"]}"), self._compressor.flush()])


@contextmanager
def _no_collector() -> Iterator[None]:
    """Keep Python's collector of cycles from walking over hundreds of thousands of texts, none of which has any."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _named(what: str, name: str, track: int) -> str:
    return f'{{"ph":"M","pid":1,"tid":{track},"name":"{what}","args":{{"name":{json.dumps(name)}}}}}'


def _events(result: LayerResult, tensors: LayerTensors, history: History, begin: int) -> list[str]:
    """All events of a layer that begins at a cycle."""
    run = result.run
    # layers run batches of their own: without their number of images, lengths cannot be compared
    name = json.dumps(f"{result.name}, {run.images} image{'s' if run.images > 1 else ''}")
    hardware = run.tiling.hardware
    passes = list(schedule(run.tiling))
    told = json.dumps(
        {
            "images": run.images,
            "passes": run.passes,
            "processing cycles": run.processing_cycles,
            "active PEs": run.active_pes,
            "MACs": run.counts.macs,
            "gated MACs of these": run.gated,
            "skipped MACs of these": run.skipped,
            "energy, J an image": result.energy_J,
        }
    )
    events = [
        f'{{"ph":"X","pid":1,"tid":{LAYERS},"ts":{begin},"dur":{history.total},"name":{name},"args":{told}}}',
    ]
    events += _of_link(history, begin)
    events += _of_array(passes, history, begin, hardware)
    events += _of_glb(history, begin)
    if not hardware.skips:
        known = not hardware.filter_zeros_spare
        nonzero = nonzero_macs_of(run.layer, tensors.ifmap, passes) if known else None
        events += _of_pes(passes, nonzero, history, begin, hardware)
    return events


def _of_link(history: History, begin: int) -> Iterator[str]:
    names = {IFMAP: "ifmap", FILTERS: "filter"}
    for start, cycles, part, words, number in zip(*(column.tolist() for column in history.fetches), strict=True):
        yield (
            f'{{"ph":"X","pid":1,"tid":{DRAM_LINK},"ts":{begin + start},"dur":{cycles},"name":"{names[part]}",'
            f'"args":{{"words":{words},"for pass":{number}}}}}'
        )
    for start, cycles, words in zip(*(column.tolist() for column in history.write_backs), strict=True):
        yield (
            f'{{"ph":"X","pid":1,"tid":{DRAM_LINK},"ts":{begin + start},"dur":{cycles},"name":"ofmap",'
            f'"args":{{"words":{words}}}}}'
        )


def _waits_inside(history: History) -> dict[int, list[tuple[int, int]]]:
    """Of passes that wait for room, when."""
    found: dict[int, list[tuple[int, int]]] = {}
    waited = np.flatnonzero(history.acts.at > history.acts.asked)
    asked, at = history.acts.asked[waited], history.acts.at[waited]
    # the last pass that had begun: one that begins in the cycle in which another ends is not it
    numbers = np.searchsorted(history.passes.start, asked, side="right") - 1
    for number, since, until in zip(numbers.tolist(), asked.tolist(), at.tolist(), strict=True):
        found.setdefault(number, []).append((since, until))
    return found


def _of_array(passes: list[Pass], history: History, begin: int, hardware: Hardware) -> Iterator[str]:
    """Passes, in pieces where they wait for room, and waits."""
    inside = _waits_inside(history)
    shapes: dict[PassShape, str] = {}
    ready, start, end, _ = (column.tolist() for column in history.passes)
    following = [*ready[1:], history.total]
    for number, p in enumerate(passes):
        told = shapes.get(p.shape)
        if told is None:
            told = shapes[p.shape] = _told_of(p.shape, hardware)
        if start[number] > ready[number]:
            yield _wait(Wait.DATA, begin + ready[number], start[number] - ready[number])
        args = (
            f'{{"pass":{number},"images":"{p.images}","filters":"{p.filters}","channels":"{p.channels}",'
            f'"rows":"{p.rows}","columns":"{p.columns}"{told}}}'
        )
        at = start[number]
        for since, until in inside.get(number, ()):
            if since > at:
                yield _pass(begin + at, since - at, args)
            yield _wait(Wait.ROOM, begin + since, until - since)
            at = until
        if end[number] > at:
            yield _pass(begin + at, end[number] - at, args)
        if following[number] > end[number]:
            yield _wait(Wait.WRITE_BACK, begin + end[number], following[number] - end[number])


def _pass(start: int, cycles: int, args: str) -> str:
    return f'{{"ph":"X","pid":1,"tid":{PE_ARRAY},"ts":{start},"dur":{cycles},"name":"pass","args":{args}}}'


def _wait(wait: Wait, start: int, cycles: int) -> str:
    name = f"wait: {said(wait.value)}"
    return f'{{"ph":"X","pid":1,"tid":{PE_ARRAY},"ts":{start},"dur":{cycles},"name":"{name}","args":{{}}}}'


def _told_of(shape: PassShape, hardware: Hardware) -> str:
    """What all passes of a shape do, in PE-cycles; where the hardware skips, each does its own."""
    if hardware.skips:
        return f',"active PEs":{shape.active_pes}'
    timing = timing_of(hardware, shape)
    stalls = {
        f"stall: {said(stall.name.lower())}, PE-cycles": cycles for stall, cycles in timing.stalls.items() if cycles
    }
    told = {"active PEs": shape.active_pes, "MACs": timing.macs, **stalls, "idle, PE-cycles": timing.idle}
    return "," + json.dumps(told)[1:-1]


def _of_glb(history: History, begin: int) -> Iterator[str]:
    """Words in each part of the GLB, whenever they change."""
    fetches, backs, acts = history.fetches, history.write_backs, history.acts
    for part, name in _PARTS.items():
        if part == PSUMS:
            taken = acts.act == Act.TAKE_PSUMS
            times = [acts.at[taken], backs.start + backs.cycles]
            words = [acts.words[taken], -backs.words]
        else:
            came, left = fetches.part == part, acts.act == _RELEASES[part]
            times = [fetches.start[came], acts.at[left]]
            words = [fetches.words[came], -acts.words[left]]
        at, changes = np.concatenate(times), np.concatenate(words)
        order = np.argsort(at, kind="stable")
        at, levels = at[order], np.cumsum(changes[order])
        # of all that happens in a cycle, how it ends
        last = np.flatnonzero(np.diff(at, append=-1))
        for cycle, level in zip((at[last] + begin).tolist(), levels[last].tolist(), strict=True):
            yield f'{{"ph":"C","pid":1,"ts":{cycle},"name":"{name}","args":{{"words":{level}}}}}'


_RELEASES = {IFMAP: Act.RELEASE_IFMAP, FILTERS: Act.RELEASE_FILTERS}


def _of_pes(
    passes: list[Pass], nonzero: NDArray[np.int64] | None, history: History, begin: int, hardware: Hardware
) -> Iterator[str]:
    """What share of the PEs does what, pass by pass: PE-cycles of a pass in per cent of all there are in its cycles;
    where the array waits, all wait."""
    inside = _waits_inside(history)
    ready, start, end, cycles = (column.tolist() for column in history.passes)
    following = [*ready[1:], history.total]
    of_shape: dict[PassShape, tuple[int, int, int]] = {}
    before = ""
    # the array waits before its first pass, too
    if start and start[0] > 0:
        yield _shares_at(begin, WAITS)
        before = WAITS
    for number, p in enumerate(passes):
        known = of_shape.get(p.shape)
        if known is None:
            timing = timing_of(hardware, p.shape)
            known = of_shape[p.shape] = (timing.macs, sum(timing.stalls.values()), timing.idle)
        of_macs, stalls, idle = known
        whole = 100 / (hardware.pes * max(1, cycles[number]))
        macs = int(nonzero[number]) if nonzero is not None else of_macs
        told = (
            f'"MAC":{macs * whole:.1f},"gated":{(of_macs - macs) * whole:.1f},"stall":{stalls * whole:.1f},'
            f'"idle":{idle * whole:.1f},"wait":0'
        )
        if told != before:
            yield _shares_at(begin + start[number], told)
        for since, until in inside.get(number, ()):
            yield _shares_at(begin + since, WAITS)
            yield _shares_at(begin + until, told)
        before = told
        if number + 1 == len(passes) or start[number + 1] > end[number] or following[number] > end[number]:
            yield _shares_at(begin + end[number], WAITS)
            before = WAITS


WAITS = '"MAC":0,"gated":0,"stall":0,"idle":0,"wait":100'
"""Shares of the PEs while the whole array waits."""


def _shares_at(cycle: int, told: str) -> str:
    return f'{{"ph":"C","pid":1,"ts":{cycle},"name":"PEs, %","args":{{{told}}}}}'


def said(name: str) -> str:
    """A cause as people read it.

    Examples
    --------
    >>> said("write_back")
    'write back'
    """
    return name.replace("_", " ")


def nonzero_macs_of(layer: Layer, ifmap: NDArray[np.integer], passes: Sequence[Pass]) -> NDArray[np.int64]:
    """MACs of each pass whose pixel is not zero.

    Parameters
    ----------
    layer : Layer
    ifmap : (batch, channels, H, W)
        Padded.
    passes : sequence of Pass
        Of that layer and batch.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.rules import map_layer
    >>> layer = Layer.conv("L", channels=1, size=4, filters=2, filter=3)
    >>> passes = list(schedule(map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1)))
    >>> nonzero_macs_of(layer, np.eye(4, dtype=int)[None, None], passes).tolist()
    [20]
    """
    under = _windows_over(
        _windows_over((ifmap != 0).astype(np.int32), layer.S, layer.V, layer.G, 3), layer.R, layer.U, layer.E, 2
    )
    # sums over all before: of a box, those at its corners, added and taken away
    sums = np.zeros([size + 1 for size in under.shape], np.int64)
    sums[1:, 1:, 1:, 1:] = under
    for axis in range(4):
        np.cumsum(sums, axis=axis, out=sums)
    boxes = np.array([[*p.images, *p.channels, *p.rows, *p.columns] for p in passes], np.int64).reshape(-1, 4, 2)
    total = np.zeros(len(passes), np.int64)
    for corner in range(16):
        ends = [corner >> axis & 1 for axis in range(4)]
        at = tuple(boxes[:, axis, end] for axis, end in enumerate(ends))
        total += sums[at] * (1 if sum(ends) % 2 == 0 else -1)
    return total * np.array([p.filters.size // p.groups.size for p in passes], np.int64)


def _windows_over(counts: NDArray[np.int32], size: int, stride: int, windows: int, axis: int) -> NDArray[np.int32]:
    """Sums of all that is under each window along an axis."""
    summed = np.zeros([windows if at == axis else length for at, length in enumerate(counts.shape)], np.int32)
    for offset in range(size):
        place = [slice(None)] * 4
        place[axis] = slice(offset, offset + stride * (windows - 1) + 1, stride)
        summed += counts[tuple(place)]
    return summed
