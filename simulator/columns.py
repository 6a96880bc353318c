"""Every quantity that a run publishes: the columns of a layer, what JSON and HDF5 have beside them, and the totals.

From these tables come ``--csv``, ``--json``, the attributes of ``--out``, ``docs/output.md``, and a test of each. A
function of a column takes a :class:`simulator.result.LayerResult`, one of a total a sequence of them.
"""

from functools import partial

from analytical import counts as c
from analytical.columns import Column, Per
from analytical.counts import Event, Level, Number
from analytical.energy import not_charged
from analytical.reuse import reuse_of

EVENT_COLUMNS = {
    "rf_ifmap_reads": c.RF_IFMAP_READ,
    "rf_filter_reads": c.RF_FILTER_READ,
    "rf_psum_reads": c.RF_PSUM_READ,
    "rf_psum_writes": c.RF_PSUM_WRITE,
    "inter_pe_psums": c.INTER_PE_PSUM,
    "glb_ifmap_fills": c.GLB_IFMAP_FILL,
    "glb_ifmap_reads": c.GLB_IFMAP_READ,
    "glb_filter_reads": c.GLB_FILTER_READ,
    "glb_psum_reads": c.GLB_PSUM_READ,
    "glb_psum_writes": c.GLB_PSUM_WRITE,
    "glb_ofmap_drains": c.GLB_OFMAP_DRAIN,
    "dram_ifmap_bits": c.DRAM_IFMAP_READ,
    "dram_filter_bits": c.DRAM_FILTER_READ,
    "dram_ofmap_bits": c.DRAM_OFMAP_WRITE,
}
"""Events by the columns that show them; the closed forms have no fills and drains."""

_MEANING = {
    "rf_ifmap_reads": "pixels that PEs read from their RFs",
    "rf_filter_reads": "filter words that PEs read from their RFs",
    "rf_psum_reads": "psums that PEs read from their RFs",
    "rf_psum_writes": "psums that PEs write to their RFs",
    "inter_pe_psums": "psums handed from PE to PE",
    "glb_ifmap_fills": "pixels that enter the GLB",
    "glb_ifmap_reads": "pixels that leave the GLB for PEs",
    "glb_filter_reads": "filter words that leave the GLB for PEs",
    "glb_psum_reads": "psums that leave the GLB for PEs",
    "glb_psum_writes": "psums that PEs send to the GLB",
    "glb_ofmap_drains": "psums that leave the GLB as ofmap",
    "dram_ifmap_bits": "ifmaps on the DRAM link, coded where they are coded, in whole 64-bit words",
    "dram_filter_bits": "filters on the DRAM link, coded if the hardware may and it is shorter, in whole 64-bit words",
    "dram_ofmap_bits": "ofmaps on the DRAM link, coded, in whole 64-bit words",
}


def in_units(words: Number, event: Event, b_w: int) -> Number:
    """``words`` of an event in the unit of its column: what crosses the link is in bits.

    Parameters
    ----------
    words : number
        b_w-bit words.
    event : Event
        What they are.
    b_w : int
        Bits of a word.

    Examples
    --------
    >>> in_units(3, c.DRAM_IFMAP_READ, 16), in_units(3, c.GLB_IFMAP_READ, 16)
    (48, 3)
    """
    return words * b_w if event.level is Level.DRAM else words


def _event_column(name: str, event: Event) -> Column:
    # made by a function, so that each column's lambda keeps its own event
    return Column(
        name=name,
        unit="bits" if event.level is Level.DRAM else "words",
        per=Per.BATCH,
        meaning=_MEANING[name],
        of=lambda r: int(in_units(r.run.counts[event], event, r.run.tiling.hardware.b_w)),
    )


_of_batch = partial(Column, per=Per.BATCH)
_pe_cycles = partial(Column, unit="PE-cycles", per=Per.BATCH)
_cycles = partial(Column, unit="cycles", per=Per.BATCH)
_joules = partial(Column, unit="J", per=Per.IMAGE)

COLUMNS: tuple[Column, ...] = (
    Column(name="layer", meaning="name of the layer", of=lambda r: r.run.layer.name),
    Column(name="images", meaning="images of the batch", of=lambda r: r.run.images),
    _of_batch(
        name="macs",
        unit="MACs",
        meaning="multiply-accumulates, those that a zero gates or skips included",
        of=lambda r: int(r.run.counts.macs),
    ),
    _of_batch(
        name="nonzero_macs",
        unit="MACs",
        meaning="of them, those that are carried out: no zero gates or skips them",
        of=lambda r: int(r.run.counts.nonzero_macs),
    ),
    Column(name="active_pes", unit="PEs", meaning="at work in the fullest pass", of=lambda r: r.run.active_pes),
    _cycles(
        name="processing_cycles",
        meaning="in which the array works on passes: waits for DRAM left out",
        of=lambda r: r.run.processing_cycles,
    ),
    _cycles(name="total_cycles", meaning="until the last ofmap word is in DRAM", of=lambda r: r.run.total_cycles),
    _pe_cycles(name="compute_pe_cycles", meaning="with a MAC", of=lambda r: r.run.compute),
    _pe_cycles(name="gated_pe_cycles", meaning="with a MAC that a zero gates", of=lambda r: r.run.gated),
    _pe_cycles(
        name="stall_pe_cycles", meaning="of PEs that have work, and wait", of=lambda r: sum(r.run.stalls.values())
    ),
    _pe_cycles(
        name="idle_pe_cycles",
        meaning="of PEs without work; all four add up to PEs x `processing_cycles`",
        of=lambda r: r.run.idle,
    ),
    *(_event_column(name, event) for name, event in EVENT_COLUMNS.items()),
    _joules(name="energy_J", meaning="simulated, under the accounting chosen", of=lambda r: r.energy.total),
    _joules(
        name="energy_without_control_J",
        meaning="of it, without clock and other control",
        of=lambda r: r.energy.without_control,
    ),
    _joules(name="analytical_energy_J", meaning="by the closed forms", of=lambda r: r.model_energy.total),
    Column(name="bits", unit="bits", meaning="width of a word", of=lambda r: r.run.tiling.hardware.b_w),
    Column(name="hardware", meaning="name of the hardware", of=lambda r: r.run.tiling.hardware.name),
    _of_batch(
        name="skipped_macs",
        unit="MACs",
        meaning="those that take no cycle; with `compute_pe_cycles` and `gated_pe_cycles` all MACs",
        of=lambda r: r.run.skipped,
    ),
)
"""The columns of a layer, in the order in which CSV has them; new ones are added at the end."""

FIELDS: tuple[Column, ...] = (
    _of_batch(
        name="nonzero_ifmap_macs",
        unit="MACs",
        meaning="MACs whose pixel is not zero",
        of=lambda r: r.run.nonzero_ifmap_macs,
    ),
    _pe_cycles(
        name="stalls",
        meaning="stalled PE-cycles by cause (page on the machine)",
        of=lambda r: {stall.name.lower(): cycles for stall, cycles in r.run.stalls.items()},
    ),
    _pe_cycles(
        name="ramp_up_stalls",
        meaning="of the stalls, those before a PE's first MAC of a pass, by cause",
        of=lambda r: {stall.name.lower(): cycles for stall, cycles in r.run.ramp_up.items()},
    ),
    _cycles(
        name="dram_wait_cycles",
        meaning="that the array stands still, by cause: `data`, `room`, `write_back`; "
        "together `total_cycles` - `processing_cycles`",
        of=lambda r: {wait.value: cycles for wait, cycles in r.run.dram_waits.items()},
    ),
    _cycles(name="dram_busy_cycles", meaning="in which the link moves something", of=lambda r: r.run.dram_busy_cycles),
    Column(
        name="latency_s",
        unit="s",
        per=Per.IMAGE,
        meaning="total latency: `total_cycles` / core clock / `images`",
        of=lambda r: r.latency_s,
    ),
    _joules(
        name="energy_J_by",
        meaning="simulated energy by part: `mac`, `rf`, `inter_pe`, `glb`, `dram`, `clock`, `other_control`",
        of=lambda r: r.energy.parts(),
    ),
    _joules(
        name="analytical_energy_J_by", meaning="the same, by the closed forms", of=lambda r: r.model_energy.parts()
    ),
    _of_batch(
        name="events",
        unit="words",
        meaning="all words by level, data and action, charged or not",
        of=lambda r: {str(event): int(words) for event, words in r.run.counts.events.items()},
    ),
    _of_batch(
        name="not_charged",
        unit="words",
        meaning="those of them that have no price under the accounting",
        of=lambda r: {str(e): int(words) for e, words in not_charged(r.run.counts, r.check.accounting).items()},
    ),
    Column(
        name="reuse",
        meaning="uses of `ifmap` and `filter` at each level (`a`: values from DRAM / `unique`, `b`: GLB reads / fills, "
        "`c`: RF fills / GLB reads, `d`: RF reads / fills), and moves of `psum`",
        of=lambda r: reuse_of(r.run.layer, r.run.images, r.run.counts).record(),
    ),
    _of_batch(name="passes", unit="passes", meaning="of the array", of=lambda r: r.run.passes),
    Column(
        name="tiles",
        meaning="whole tiles of the mapping, in its symbols (page on the machine)",
        of=lambda r: {
            name: getattr(r.run.tiling, name) for name in ("N", "z", "f", "m", "X_o", "Y_o", "y_o", "y_i", "C_set")
        },
    ),
    Column(
        name="glb_words",
        unit="words",
        meaning="parts of the GLB: `ifmap` and `psum`",
        of=lambda r: {"ifmap": r.run.tiling.ifmap_words, "psum": r.run.tiling.psum_words},
    ),
    Column(
        name="glb_peak_words",
        unit="words",
        meaning="most words in use at a time, by part",
        of=lambda r: r.run.glb_peak_words,
    ),
    Column(
        name="ofmap_bias",
        meaning="subtracted from psums before ReLU, on their way to DRAM; 0 for a trace, which has its ofmaps",
        of=lambda r: 0 if r.requantise is None else r.requantise.bias,
    ),
    Column(
        name="ofmap_shift",
        unit="bits",
        meaning="by which they are shifted right then, rounded up",
        of=lambda r: 0 if r.requantise is None else r.requantise.shift,
    ),
    Column(
        name="crosscheck",
        meaning="why machine and closed forms differ, an entry for each column that both have: `count`, `unit`, "
        "`simulated`, `analytical`, `effects` (name: what it adds, largest first), `residual`; "
        "simulated = analytical + sum of effects + residual",
        of=lambda r: [{"count": name} | d.record("simulated", "analytical") for name, d in r.check.columns().items()],
    ),
    _joules(
        name="crosscheck_energy_J_by",
        meaning="the same for each part of the energy",
        of=lambda r: {part: d.record("simulated", "analytical") for part, d in r.check.energy().items()},
    ),
)
"""What JSON, and attributes in HDF5, have of a layer beside its columns."""

COUNTS_OF_BATCH = tuple(
    column.name for column in COLUMNS if column.per is Per.BATCH and column.unit in ("MACs", "words", "bits")
)
"""Columns that count the whole batch, and add up over layers once divided by it."""

TOTALS: tuple[Column, ...] = (
    _joules(name="energy_J", meaning="simulated", of=lambda total: total.energy.total),
    _joules(
        name="energy_without_control_J",
        meaning="of it, without clock and other control",
        of=lambda total: total.energy.without_control,
    ),
    _joules(name="analytical_energy_J", meaning="by the closed forms", of=lambda total: total.model_energy.total),
    _joules(name="energy_J_by", meaning="simulated, by part", of=lambda total: total.energy.parts()),
    _joules(
        name="analytical_energy_J_by",
        meaning="by the closed forms, by part",
        of=lambda total: total.model_energy.parts(),
    ),
    Column(
        name="processing_s_per_image",
        unit="s",
        per=Per.IMAGE,
        meaning="latency without waits for DRAM",
        of=lambda total: total.processing_s,
    ),
    Column(name="total_s_per_image", unit="s", per=Per.IMAGE, meaning="latency", of=lambda total: total.latency_s),
    Column(
        name="crosscheck",
        per=Per.IMAGE,
        meaning="why machine and closed forms differ, all layers together",
        of=lambda total: [
            {"count": name} | d.record("simulated", "analytical") for name, d in total.differences_by_column().items()
        ],
    ),
    Column(
        name="per_image",
        per=Per.IMAGE,
        meaning="the columns that count MACs, words and bits, over all layers",
        of=lambda total: total.counts_of_image(),
    ),
)
"""What JSON has of all layers together, for one image."""
