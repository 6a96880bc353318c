"""Networks and layers through the machine: data, run, cross-check, and the checks that were asked for."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytical.energy import Accounting
from analytical.files import choose_hardware
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings import DEFAULT_MAPPER, FILE_MAPPER, Chosen, LayerMapping, Objective, Origin, RuleSet, Tiling
from analytical.mappings.eyeriss import EyerissMapping
from analytical.model import LayerEstimate
from analytical.network import Network, word_bits
from analytical.networks import HasNetwork, load_network
from analytical.sizes import memory_size
from analytical.traffic import repeated_by
from simulator.crosscheck import closed_side, crosscheck
from simulator.machine.history import History
from simulator.machine.layer_run import LayerRun, run_tiling
from simulator.memory import BYTES_KEPT, available_bytes, needed_bytes
from simulator.result import LayerResult, NetworkResult
from simulator.settings import ACCOUNTINGS, ENGINES, GROUPS, TOGETHER, Settings, SettingsError
from simulator.shortcuts import ShortcutReads
from traces.convolution import convolve_plainly
from traces.tensors import LayerTensors, digest_of, given, synthesise

log = logging.getLogger(__name__)

Advance = Callable[[float], None]
"""Told how much work has been done since the last time, in the seconds of :class:`Work`."""

Progress = Callable[[Layer], Advance]
"""Asked at each layer's start whom to tell of its work."""

Observer = Callable[[LayerResult, LayerTensors], None]
"""Shown each layer's result together with its values, which are not kept."""

HistoryObserver = Callable[[LayerResult, LayerTensors, History], None]
"""Shown, too, when things happened."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedLayer:
    """A layer as it will run.

    Attributes
    ----------
    layer : Layer
        The layer.
    chosen : Chosen
        Its mapping, and where that is from.
    tiling : Tiling
        Whole tiles of the mapping, which fit the hardware.
    closed : LayerEstimate
        The closed forms that the run will be set beside, for the same batch.
    """

    layer: Layer
    chosen: Chosen
    tiling: Tiling
    closed: LayerEstimate


def plan(settings: Settings) -> list[PlannedLayer]:
    """Map all layers, before any runs.

    Raises
    ------
    MappingError
        A layer does not fit the hardware in the way that was asked for.

    Examples
    --------
    >>> settings = Settings(network=load_network("alexnet"), selected=("C3",), hardware=choose_hardware(None))
    >>> [planned] = plan(settings)
    >>> planned.tiling.z, planned.tiling.f, planned.tiling.N
    (16, 18, 6)
    """
    return [_plan_layer(settings, layer) for layer in settings.layers]


def _plan_layer(settings: Settings, layer: Layer, chosen: Chosen | None = None) -> PlannedLayer:
    chosen, tiling = lay_out(settings, layer, chosen)
    closed = closed_side(layer, settings.hardware, tiling.batch, settings.rules)
    return PlannedLayer(layer=layer, chosen=chosen, tiling=tiling, closed=closed)


def lay_out(settings: Settings, layer: Layer, chosen: Chosen | None = None) -> tuple[Chosen, Tiling]:
    """The mapping of a layer, and whole tiles of it.

    Parameters
    ----------
    settings : Settings
    layer : Layer
    chosen : Chosen, optional
        A mapping, in place of the one that the settings choose.

    Raises
    ------
    MappingError
        It does not fit the hardware in the way that was asked for.
    SettingsError
        It takes more memory than there is.
    """
    batch = settings.images(layer)
    # the mapper that was asked for says whether a layer fits, and nobody else
    chosen = chosen or settings.choose(layer)
    tiling = chosen.mapping.tiling(layer, settings.hardware, batch)
    if settings.groups == TOGETHER:
        tiling = tiling.side_by_side()
    _require_memory(layer, batch, settings)
    return chosen, tiling


def _require_memory(layer: Layer, batch: int, settings: Settings, kept: int = 0) -> None:
    """Refuse a layer that does not fit beside the ``kept`` bytes of results that are there when it runs."""
    hardware, said = settings.hardware, settings.memory_bytes
    # filters with zeros, or of a codebook, are made all at once
    of_filters = bool(layer.sparsity_filters) or layer.filter_bits is not None
    zeros = of_filters or hardware.filter_zeros_spare or hardware.skips or not hardware.filters_move_raw
    needed = kept + needed_bytes(layer, batch, settings.engine, zeros=zeros)
    there = available_bytes() if said is None else said
    if there is not None and needed > there:
        raise SettingsError(
            f"layer {layer.name}: {batch} images take about {needed / 2**30:.1f} GiB of memory"
            f"{' with the ofmaps of the layers before' if kept else ''}, and "
            f"{there / 2**30:.1f} GiB {'are free' if said is None else 'are allowed'}; expected a smaller batch, or a "
            f"smaller layer"
        )


def run_network(
    settings: Settings,
    progress: Progress | None = None,
    observe: Observer | None = None,
    history: HistoryObserver | None = None,
) -> NetworkResult:
    """Run a network.

    Parameters
    ----------
    settings : Settings
        All that the run depends on.
    progress : callable, optional
        Asked at each layer's start whom to tell of its work.
    observe : callable, optional
        Shown each layer's result with its values.
    history : callable, optional
        Shown, too, when things happened in it (:class:`simulator.report.timeline.Timeline` is one).

    Raises
    ------
    MappingError
        A layer does not fit the hardware; none has run then.

    See Also
    --------
    run : the same, from names and files.
    """
    # plan() maps all layers first: an hour's run does not end with a last layer that does not fit
    results = []
    shortcuts = ShortcutReads(settings.network, settings.hardware)
    layers = plan(settings)
    kept = 0
    for planned in layers:
        # the first one, with nothing beside it, was looked at when it was mapped
        if kept:
            _require_memory(planned.layer, planned.tiling.batch, settings, kept)
        kept += planned.tiling.batch * planned.layer.ofmap_size * BYTES_KEPT
    for planned in layers:
        advance = progress(planned.layer) if progress else None
        tensors = tensors_of(settings, planned.layer, planned.tiling.batch)
        # work is told of in expected seconds, step by step, so that the sum over a run is what was announced
        if advance is not None:
            advance(Work.expected(planned, settings.engine).data)
        seen: list[History] = []
        result = _run_planned(settings, planned, tensors, advance, seen.append if history is not None else None)
        if history is not None:
            history(result, tensors, seen[0])
        # values that are not kept go with their layer: this is the time to look at them
        if observe is not None:
            observe(result, tensors)
        shortcuts(result.run, tensors)
        results.append(result)
        # before the next layer's are made: those of a fully connected layer are large
        del tensors
    found = shortcuts.found({result.name: result for result in results})
    return NetworkResult(settings=settings, layers=tuple(results), shortcuts=found)


def tensors_of(settings: Settings, layer: Layer, batch: int) -> LayerTensors:
    """A layer's values: those of the network's trace, or synthetic ones."""
    if settings.network.trace is not None:
        traced: LayerTensors = settings.network.trace.tensors(layer, batch)
        return traced
    return synthesise(layer, b_w=settings.hardware.b_w, batch=batch, seed=settings.seed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """About how many seconds the steps of a layer's run take, for who watches; nothing else depends on it.

    Attributes
    ----------
    data : float
        Making the values.
    passes : float
        Running the passes, and the convolution that they are held against.
    check : float
        The cross-check.
    """

    data: float
    passes: float
    check: float

    @property
    def total(self) -> float:
        """All steps."""
        return self.data + self.passes + self.check

    @classmethod
    def expected(cls, planned: PlannedLayer, engine: str) -> "Work":
        """From the sizes of a layer, at the speed of the computer on which this was written.

        Parameters
        ----------
        planned : PlannedLayer
            The layer.
        engine : str
            ``"fast"``, whose work grows with the blocks of passes, or the others, with the MACs.
        """
        layer, batch = planned.layer, planned.tiling.batch
        repeated = repeated_by(planned.tiling)
        passes = repeated.channel_passes * repeated.filter_passes * repeated.strips * repeated.column_tiles
        values = layer.ifmap_size * batch + layer.F * layer.C * layer.R * layer.S
        macs = layer.macs * batch
        # seconds a pass where each distinct one is stepped once, seconds a MAC where all are
        steps = {
            "fast": 0.1 + 3e-6 * passes * repeated.image_batches,
            "detailed": 0.1 + 2e-4 * passes * repeated.image_batches + 5e-10 * macs,
            "stepped": 2e-8 * macs,
        }
        if planned.tiling.hardware.skips:
            # each pass is timed by its own zeros
            steps["fast"] += 1.5e-9 * macs + 5e-5 * passes * repeated.image_batches
            steps["detailed"] += 3e-9 * macs
        return cls(data=2e-8 * values, passes=steps[engine] + 1e-10 * macs, check=0.02 + 2e-9 * values)


def _run_planned(
    settings: Settings,
    planned: PlannedLayer,
    tensors: LayerTensors,
    advance: Advance | None = None,
    keep: Callable[[History], None] | None = None,
) -> LayerResult:
    start = perf_counter()
    work = Work.expected(planned, settings.engine)
    of_mac = work.passes / (planned.layer.macs * planned.tiling.batch)
    # the engine tells of MACs; whoever watches counts seconds
    run = run_tiling(
        planned.tiling,
        tensors,
        engine=settings.engine,
        progress=None if advance is None else lambda macs: advance(of_mac * macs),
        observe=keep,
    )
    ran = perf_counter()
    result = LayerResult(
        run=run,
        check=crosscheck(run, tensors, settings.accounting, planned.closed),
        chosen=planned.chosen,
        requantise=tensors.requantise if tensors.written is None else None,
        wrong_values=_wrong_values(run, tensors) if settings.verify else None,
        tensors=_narrow(run, tensors) if settings.keep_tensors else {},
    )
    if advance is not None:
        advance(work.check)
    log.debug("%s: %d passes in %.2f s, checks in %.2f s", result.name, run.passes, ran - start, perf_counter() - ran)
    return result


def _wrong_values(run: LayerRun, tensors: LayerTensors) -> int:
    """Psums that are not those of a direct convolution; of a trace, all of an image whose psums are not those that were
    held against the reference when it was made."""
    layer = run.layer
    expected = convolve_plainly(
        tensors.ifmap, tensors.filters, stride=(layer.U, layer.V), groups=layer.groups, E=layer.E, G=layer.G
    )
    wrong = run.ofmap != expected
    for image, digest in enumerate(tensors.digests):
        if digest_of(run.ofmap[image]) != digest:
            wrong[image] = True
    return int(np.count_nonzero(wrong))


def _narrow(run: LayerRun, tensors: LayerTensors) -> dict[str, NDArray[Any]]:
    """The tensors as files keep them, in the words of the hardware; psums are exact."""
    word = np.dtype(f"int{tensors.b_w}")
    return {"ifmap": tensors.ifmap.astype(word), "filters": tensors.filters.astype(word), "ofmap": run.ofmap}


def run(
    network: str | Path | Network | HasNetwork,
    *,
    bits: int | None = None,
    batch: int | None = None,
    layers: str | Sequence[str] | None = None,
    mapping: str = DEFAULT_MAPPER,
    own_mappings: Mapping[str, EyerissMapping] | None = None,
    rules: RuleSet | str = RuleSet.CORRECTED,
    objective: Objective | str = Objective.ENERGY,
    groups: str = GROUPS[0],
    hardware: Hardware | str | Path | None = None,
    engine: str = ENGINES[0],
    seed: int = 0,
    accounting: str | Accounting = Accounting.CNNERGY,
    verify: bool = False,
    tensors: bool = False,
    memory: str | float | None = None,
    progress: Progress | None = None,
) -> NetworkResult:
    """Run a network through the machine, cycle by cycle, with values of its trace or synthetic ones.

    Parameters
    ----------
    network : str, Path, Network or Trace
        A name of the zoo, a file, a network, or a trace, which has values of its own.
    bits : int, optional
        Width of a word; default: 16, or the hardware's, or the trace's.
    batch : int, optional
        Images; default: as many as the network's table says, layer by layer.
    layers : str or sequence of str, optional
        Names of the layers to run; default: all.
    mapping : str
        How layers are laid on the array: ``"cnnergy"`` or ``"eyeriss"``.
    own_mappings : mapping of str to EyerissMapping, optional
        Mappings of your own by layer, for ``"eyeriss"``.
    rules : RuleSet or str
        Whose rules CNNergy's mapping goes by, as for :func:`analytical.estimate`.
    objective : Objective or str
        What ``"eyeriss"`` goes by: ``"energy"``, published or inferred mappings first, or ``"chip"``, the rule that was
        inferred from the chip, for every layer.
    groups : str
        ``"apart"``: convolution groups of a layer one after the other; ``"together"``: side by side, where PEs are
        free.
    hardware : Hardware, str or Path, optional
        A hardware, the name of one that ships, or a file; default: Eyeriss.
    engine : str
        ``"fast"``, ``"detailed"`` or ``"stepped"``; the results are the same.
    seed : int
        Of the synthetic values.
    accounting : str or Accounting
        Which events are charged energy: ``"cnnergy"``, ``"chip"`` or ``"full"``.
    verify : bool
        Compare each ofmap with a direct convolution (``wrong_layers()`` has what is not equal).
    tensors : bool
        Keep ifmaps, filters and ofmaps in the result.
    memory : str or float, optional
        What a layer may take, as ``"8GiB"`` or in bytes: one that needs more is refused before it runs. Default: what
        is free.
    progress : callable, optional
        Asked at each layer's start whom to tell of its work.

    Returns
    -------
    NetworkResult
        Energies in joules and latencies in seconds of one image; counts and cycles of the batch.

    Raises
    ------
    InputError
        Something that cannot be, in one line: :class:`NetworkError`, :class:`HardwareError`, :class:`MappingError`,
        :class:`SettingsError`.

    See Also
    --------
    run_layer : one layer, with your own values.
    compare : two runs side by side.

    Examples
    --------
    >>> result = run("alexnet", layers=["FC8"], batch=1)
    >>> result["FC8"].run.passes, result["FC8"].row()["macs"]
    (1624, 4096000)
    """
    chosen = load_network(network)
    return run_network(
        Settings(
            network=chosen,
            selected=_selected(layers),
            hardware=choose_hardware(hardware, bits, default_bits=word_bits(chosen, 16)),
            mapping=mapping,
            own_mappings=dict(own_mappings or {}),
            rules=rules,
            objective=objective,
            groups=groups,
            engine=engine,
            batch=batch,
            seed=seed,
            accounting=accounting_named(accounting),
            verify=verify,
            keep_tensors=tensors,
            memory_bytes=None if memory is None else memory_size(memory),
        ),
        progress,
    )


def _selected(layers: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if layers is None or isinstance(layers, str):
        return None if layers is None else (layers,)
    if not isinstance(layers, Sequence) or not all(isinstance(name, str) for name in layers):
        raise SettingsError(f"layers is {layers!r}; expected a name of a layer, or a list of names")
    return tuple(layers)


def run_layer(
    layer: Layer,
    ifmap: NDArray[Any] | None = None,
    filters: NDArray[Any] | None = None,
    *,
    hardware: Hardware | str | Path | None = None,
    bits: int | None = None,
    batch: int | None = None,
    mapping: str | LayerMapping = DEFAULT_MAPPER,
    rules: RuleSet | str = RuleSet.CORRECTED,
    engine: str = ENGINES[0],
    seed: int = 0,
    accounting: str | Accounting = Accounting.CNNERGY,
    verify: bool = False,
) -> LayerResult:
    """Run one layer through the machine, with your own values or synthetic ones.

    Parameters
    ----------
    layer : Layer
        See :meth:`Layer.conv` and :meth:`Layer.fc`.
    ifmap : (batch, channels, H, W), integers, optional
        Padded; default: synthetic, with the layer's share of zeros.
    filters : (F, C, R, S), integers, optional
        Default: synthetic, with the layer's share of zeros.
    hardware, bits, rules, engine, seed, accounting, verify
        As for :func:`run`.
    batch : int, optional
        Images; default: those of ``ifmap``, or the layer's own.
    mapping : str or LayerMapping
        A way to choose one, or a mapping of your own, such as an :class:`analytical.EyerissMapping`.

    Returns
    -------
    LayerResult
        ``ofmap`` has the exact psums (batch, F, E, G).

    Raises
    ------
    InputError
        Something that cannot be, in one line; :class:`traces.tensors.TensorError` for arrays.

    Examples
    --------
    >>> layer = Layer.conv("L", channels=1, size=3, filters=1, filter=2)
    >>> ones = np.ones((1, 1, 3, 3), int), np.ones((1, 1, 2, 2), int)
    >>> run_layer(layer, *ones).ofmap.ravel().tolist()
    [4, 4, 4, 4]
    """
    # a mapping that is handed over stands for one from a file, also in the record of the settings
    if not isinstance(layer, Layer):
        # callers without a type checker
        raise SettingsError(f"layer is {layer!r}; expected a Layer")
    if not isinstance(mapping, str | LayerMapping):
        # callers without a type checker
        raise SettingsError(f"mapping is {mapping!r}; expected the name of a mapper, or a mapping")
    own = None if isinstance(mapping, str) else Chosen(mapping=mapping, origin=Origin.FILE)
    # what has no dimension has no length either; given() says what shape it should have
    if isinstance(ifmap, np.ndarray) and ifmap.ndim == 4 and batch is None:
        batch = len(ifmap)
    settings = Settings(
        network=Network(layer.name, (layer,)),
        hardware=choose_hardware(hardware, bits),
        mapping=mapping if isinstance(mapping, str) else FILE_MAPPER,
        rules=rules,
        engine=engine,
        batch=batch,
        seed=seed,
        accounting=accounting_named(accounting),
        verify=verify,
    )
    planned = _plan_layer(settings, layer, own)
    b_w = settings.hardware.b_w
    # what is not given is made: the same values as without any array
    made = synthesise(layer, b_w=b_w, batch=planned.tiling.batch, seed=seed)
    return _run_planned(settings, planned, given(layer, b_w=b_w, ifmap=ifmap, filters=filters, made=made))


def accounting_named(accounting: str | Accounting) -> Accounting:
    """The accounting of that name.

    Raises
    ------
    SettingsError
        There is none.

    Examples
    --------
    >>> accounting_named("chip")
    <Accounting.CHIP: 'chip'>
    """
    try:
        return Accounting(accounting)
    except ValueError:
        raise SettingsError(f"accounting is {accounting!r}; expected {', '.join(ACCOUNTINGS)}") from None
