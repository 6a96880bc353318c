"""Every published quantity of a run, against what it says it is: computed another way, column by column."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import simulator
from analytical import Layer, Network, estimate
from analytical.hardware import EYERISS_16BIT as CHIP
from analytical.model import COLUMNS as MODEL_COLUMNS
from analytical.model import FIELDS as MODEL_FIELDS
from analytical.model import estimate_layer
from simulator.columns import COLUMNS, COUNTS_OF_BATCH, EVENT_COLUMNS, FIELDS, TOTALS
from simulator.machine.pe_array import PEArray
from simulator.machine.schedule import schedule
from simulator.result import LayerResult, NetworkResult
from traces import rlc
from traces.tensors import synthesise

A = Layer(
    name="A", H=15, W=15, pad_h=1, pad_w=1, C=16, R=3, S=3, F=18, E=13, G=13, sparsity_ifmap=0.6, sparsity_ofmap=0.4
)
"""One pass on Eyeriss: four sets of four channels, 18 filters, 13 rows."""

B = Layer.conv("B", channels=18, size=13, filters=36, filter=1, sparsity_ifmap=0.5, batch=3)
IMAGES = 2
RESULT = simulator.run_network(
    simulator.Settings(network=Network("two", (A, B)), hardware=CHIP, keep_tensors=True, batch=None)
)
ONE = simulator.run_layer(A, batch=IMAGES)
TENSORS = synthesise(A, b_w=16, batch=IMAGES, seed=0)


def one_pass() -> Any:
    """The only pass of A on a PE array of its own."""
    (only,) = schedule(ONE.run.tiling)
    psums = np.zeros((IMAGES, A.F, A.E, A.G), np.int64)
    return PEArray(CHIP).run(only.shape, TENSORS.ifmap, TENSORS.filters, psums)


PASS = one_pass()
WINDOWS = [TENSORS.ifmap[n, :, y : y + 3, x : x + 3] for n in range(IMAGES) for y in range(A.E) for x in range(A.G)]
NONZERO = sum(map(np.count_nonzero, WINDOWS)) * A.F
HEIGHT = 3 * 4
TAKES = A.F * sum(
    window[4 * s : 4 * s + 4, i].any() for window in WINDOWS for s in range(4) for i in range(3) if (s, i) != (3, 2)
)
"""Psums that a nonzero MAC takes from below: PEs but the bottom one whose row of the window is not all zero."""


def coded_ofmap(bias: int, shift: int) -> int:
    """Bits of the ofmap on the link: psums of A leave by pieces of an image, here a whole one."""
    psums = TENSORS.psums
    values = np.minimum(np.ceil(np.maximum(0, psums - bias) / 2**shift), 2**15 - 1).astype(np.int64)
    return 64 * sum(len(rlc.encode(image, 16)) for image in values)


def joules(part: str) -> float:
    """A part of the energy of one image, from the columns of counts and Table III."""
    row, mac = ONE.row(), 0.95e-12 * (65 / 45) / 0.81
    rf = ("rf_ifmap_reads", "rf_filter_reads", "rf_psum_reads", "rf_psum_writes")
    glb = ("glb_ifmap_reads", "glb_filter_reads", "glb_psum_reads", "glb_psum_writes")
    dram = ("dram_ifmap_bits", "dram_filter_bits", "dram_ofmap_bits")
    of = {
        "mac": mac * row["nonzero_macs"],
        "rf": mac * sum(row[c] for c in rf),
        "inter_pe": 2 * mac * row["inter_pe_psums"],
        "glb": 6 * mac * sum(row[c] for c in glb),
        "dram": 200 * mac * sum(row[c] for c in dram) / 16,
        "clock": 0.1063 * row["total_cycles"] / 200e6,
    }
    of["other_control"] = 0.15 / 0.85 * sum(of[p] for p in ("mac", "rf", "inter_pe", "glb", "clock"))
    return sum(of.values()) / IMAGES if part == "all" else of[part] / IMAGES


LOAD = sum(-(-words * 200 // 60) for words in (18 * 16 * 9 // 4, sum(len(rlc.encode(i, 16)) for i in TENSORS.ifmap)))
"""Cycles that filters and both ifmaps take on the link before the pass, one after the other; ofmaps leave after it."""

PARTS = ("mac", "rf", "inter_pe", "glb", "dram", "clock", "other_control")
MACS = 3 * 3 * 16 * 18 * 13 * 13 * IMAGES
OFMAP = 18 * 13 * 13 * IMAGES
EXPECTED: dict[str, Any] = {
    "layer": "A",
    "images": IMAGES,
    "macs": MACS,
    "nonzero_macs": NONZERO,
    "active_pes": 12 * 13,
    "processing_cycles": PASS.cycles,
    "total_cycles": PASS.cycles + sum(ONE.run.dram_waits.values()),
    "compute_pe_cycles": NONZERO,
    "gated_pe_cycles": MACS - NONZERO,
    "stall_pe_cycles": 12 * 13 * PASS.cycles - MACS,
    "idle_pe_cycles": (168 - 12 * 13) * PASS.cycles,
    "rf_ifmap_reads": MACS,
    "rf_filter_reads": NONZERO,
    "rf_psum_reads": NONZERO - TAKES,
    "rf_psum_writes": NONZERO,
    "inter_pe_psums": (HEIGHT - 1) * OFMAP,
    "glb_ifmap_fills": 16 * 15 * 15 * IMAGES,
    "glb_ifmap_reads": 16 * 15 * 15 * IMAGES,
    "glb_filter_reads": 18 * 16 * 9,
    "glb_psum_reads": 0,
    "glb_psum_writes": OFMAP,
    "glb_ofmap_drains": OFMAP,
    "bits": 16,
    "hardware": "eyeriss-16bit",
    # what skipping changes is in tests/simulator/test_zeros.py
    "skipped_macs": 0,
    "nonzero_ifmap_macs": NONZERO,
    "reuse": {
        "ifmap": {
            "unique": 16 * 15 * 15 * IMAGES,
            "a": 1.0,
            "b": 1.0,
            # each pixel goes to the PEs of its diagonal: three rows of filters in 13 columns, over 15 rows
            "c": 3 * 13 / 15,
            "d": pytest.approx(MACS / (16 * 15 * 15 * IMAGES * 3 * 13 / 15)),
        },
        "filter": {
            "unique": 18 * 16 * 9,
            "a": 1.0,
            "b": 1.0,
            "c": 13.0,
            "d": pytest.approx(NONZERO / (18 * 16 * 9 * 13)),
        },
        "psum": {
            "unique": OFMAP,
            "glb_writes_per_value": 1.0,
            "hops_per_glb_write": 11.0,
            "macs_per_hop": pytest.approx(MACS / (12 * OFMAP)),
        },
    },
    "dram_ifmap_bits": 64 * sum(len(rlc.encode(image, 16)) for image in TENSORS.ifmap),
    "dram_filter_bits": 18 * 16 * 9 * 16,
    "dram_ofmap_bits": coded_ofmap(ONE.requantise.bias, ONE.requantise.shift),
    "energy_J": pytest.approx(joules("all"), rel=1e-3),
    "energy_without_control_J": pytest.approx(sum(map(joules, PARTS[:5])), rel=1e-3),
    "analytical_energy_J": estimate_layer(A, CHIP, IMAGES).energy.total,
    # --- beside the columns
    "stalls": {stall.name.lower(): cycles for stall, cycles in PASS.stalls.items()},
    "ramp_up_stalls": {stall.name.lower(): cycles for stall, cycles in PASS.ramp_up.items()},
    "dram_wait_cycles": {"data": LOAD, "room": 0, "write_back": ONE.run.total_cycles - PASS.cycles - LOAD},
    "dram_busy_cycles": ONE.run.total_cycles - PASS.cycles,
    "latency_s": (PASS.cycles + sum(ONE.run.dram_waits.values())) / 200e6 / IMAGES,
    "energy_J_by": {part: pytest.approx(joules(part), rel=1e-3) for part in PARTS},
    "analytical_energy_J_by": estimate_layer(A, CHIP, IMAGES).energy.parts(),
    "passes": 1,
    "tiles": {"N": 2, "z": 16, "f": 18, "m": 18, "X_o": 13, "Y_o": 13, "y_o": 13, "y_i": 15, "C_set": 4},
    # strips of two images take 7200 words, which are four banks of 2048
    "glb_words": {"ifmap": 4 * 2048, "psum": 51200 - 4 * 2048},
    "ofmap_bias": TENSORS.requantise.bias,
    "ofmap_shift": TENSORS.requantise.shift,
}  # fmt: skip


def check_events(value: Mapping[str, int]) -> None:
    row = ONE.row()
    for name, event in EVENT_COLUMNS.items():
        in_words = row[name] // 16 if name.startswith("dram") else row[name]
        assert value.get(str(event), 0) == in_words, name
    assert value["rf filter fill"] == 18 * 16 * 9 * 13
    assert value["rf psum drain"] == HEIGHT * OFMAP


def check_not_charged(value: Mapping[str, int]) -> None:
    free = ("glb ifmap fill", "glb filter fill", "glb ofmap drain", "rf ifmap fill", "rf filter fill", "rf psum drain")
    assert sorted(value) == sorted(free)
    assert all(ONE.record()["events"][event] == words for event, words in value.items())


def check_peaks(value: Mapping[str, int]) -> None:
    """Both strips, filters of the pass; psums stream through in halves of their part, or all if they fit one."""
    assert value["GLB for ifmap"] == 7200
    assert value["filter buffer"] == 18 * 16 * 9
    assert 0 < value["GLB for psums"] <= ONE.run.tiling.psum_words


def check_crosscheck(value: list[dict[str, Any]]) -> None:
    row = ONE.row()
    assert [entry["count"] for entry in value[:2]] == ["macs", "nonzero_macs"]
    for entry in value:
        simulated = row[entry["count"]]
        assert entry["simulated"] == pytest.approx(simulated, rel=1e-12)
        assert entry["analytical"] + sum(entry["effects"].values()) == pytest.approx(simulated, rel=1e-9)
        assert entry["residual"] == 0


def check_crosscheck_energy(value: Mapping[str, dict[str, Any]]) -> None:
    for part in PARTS:
        assert value[part]["simulated"] == pytest.approx(joules(part), rel=1e-3)
        assert value[part]["analytical"] == estimate_layer(A, CHIP, IMAGES).energy.parts()[part]


CHECKED: dict[str, Callable[[Any], None]] = {
    "events": check_events,
    "not_charged": check_not_charged,
    "glb_peak_words": check_peaks,
    "crosscheck": check_crosscheck,
    "crosscheck_energy_J_by": check_crosscheck_energy,
}


@pytest.mark.parametrize("column", [*COLUMNS, *FIELDS], ids=lambda column: column.name)
def test_every_quantity_of_a_layer(column: Any) -> None:
    value = column.of(ONE)
    if column.name in CHECKED:
        CHECKED[column.name](value)
    else:
        assert value == EXPECTED[column.name]


def test_a_stall_in_the_ramp_up_is_not_one_later() -> None:
    """Psums climb eleven hops before the top PEs start: most of the waits for psums are before the first MAC."""
    value = ONE.record()
    assert 0 < value["ramp_up_stalls"]["psum_in"] < value["stalls"]["psum_in"]
    assert value["ramp_up_stalls"]["pass_end"] == 0 < value["stalls"]["pass_end"]


def sum_of_layers(of: Callable[[LayerResult], float]) -> Any:
    return pytest.approx(sum(of(layer) for layer in RESULT), rel=1e-12)


ESTIMATES = [estimate_layer(A, CHIP, 1), estimate_layer(B, CHIP, 3)]
TOTAL: dict[str, Any] = {
    "energy_J": sum_of_layers(lambda layer: layer.row()["energy_J"]),
    "energy_without_control_J": sum_of_layers(lambda layer: layer.row()["energy_without_control_J"]),
    "analytical_energy_J": pytest.approx(sum(e.energy.total for e in ESTIMATES)),
    "energy_J_by": {
        part: sum_of_layers(lambda layer, part=part: layer.record()["energy_J_by"][part]) for part in PARTS
    },
    "analytical_energy_J_by": {part: pytest.approx(sum(e.energy.parts()[part] for e in ESTIMATES)) for part in PARTS},
    "processing_s_per_image": pytest.approx(
        sum(layer.row()["processing_cycles"] / 200e6 / images for layer, images in zip(RESULT, (1, 3), strict=True))
    ),
    "total_s_per_image": pytest.approx(
        sum(layer.row()["total_cycles"] / 200e6 / images for layer, images in zip(RESULT, (1, 3), strict=True))
    ),
    "per_image": {
        name: pytest.approx(RESULT["A"].row()[name] + RESULT["B"].row()[name] / 3)
        for name in ("macs", "nonzero_macs", *EVENT_COLUMNS, "skipped_macs")
    },
}


@pytest.mark.parametrize("column", TOTALS, ids=lambda column: column.name)
def test_every_quantity_of_all_layers(column: Any) -> None:
    value = column.of(RESULT)
    if column.name == "crosscheck":
        entries = {entry["count"]: entry for entry in value}
        assert entries["macs"]["simulated"] == A.macs + B.macs
        assert entries["energy_J"]["simulated"] == pytest.approx(RESULT.energy_J)
        assert all(entry["residual"] == 0 for entry in value)
    else:
        assert value == TOTAL[column.name]


def test_counts_of_the_batch_are_those_that_say_so() -> None:
    assert ("macs", "nonzero_macs", *EVENT_COLUMNS, "skipped_macs") == COUNTS_OF_BATCH


# --- the closed forms'

MODEL = estimate_layer(Layer(name="M", H=16, W=18, C=48, R=3, S=3, F=36, E=14, G=16, sparsity_ifmap=0.5), CHIP, 2)
"""Whole tiles: three z-passes of 16 channels, two of 18 filters."""

KIB = 2 / 1024
MIB = 2 / 2**20
FILTERS, IFMAP, PSUMS = 36 * 48 * 9, 48 * 16 * 18, 36 * 14 * 16
MODEL_EXPECTED: dict[str, Any] = {
    "layer": "M",
    "energy_J": sum(MODEL.energy.parts().values()),
    "energy_without_control_J": MODEL.energy.on_chip + MODEL.energy.dram,
    "images_that_fit": int(100 / (16 * 16 * 18 * KIB + 18 * 14 * 16 * KIB)),
    "images": 2,
    "psum_glb_kib": 2 * 18 * 14 * 16 * KIB,
    "ifmap_glb_kib": 2 * 16 * 16 * 18 * KIB,
    "glb_used_kib": 2 * (16 * 16 * 18 + 18 * 14 * 16) * KIB,
    "nonzero_macs": 36 * 48 * 9 * 14 * 16 / 2,
    "rf_mib": (36 * 48 * 9 * 14 * 16) * 2.5 * MIB,
    "glb_mib": (FILTERS / 2 + 2 * IFMAP + 5 * PSUMS) * MIB,
    "dram_mib": (FILTERS / 2 + 2 * IFMAP / 2 * 4 / 3 + PSUMS * 4 / 3) * MIB,
    "filter_glb_mib": FILTERS / 2 * MIB,
    "ifmap_glb_mib": 2 * IFMAP * MIB,
    "psum_glb_mib": 5 * PSUMS * MIB,
    "filter_dram_mib": FILTERS / 2 * MIB,
    "ifmap_dram_mib": 2 * IFMAP / 2 * 4 / 3 * MIB,
    "ofmap_dram_mib": PSUMS * 4 / 3 * MIB,
    "latency_s": 36 * 48 * 9 * 14 * 16 / 23.1e9,
    "rules": [],
    "corrections": [],
    "mapping": {
        "S_pass": 4,
        "C_set": 4,
        "f_set": 18,
        "z_i": 16,
        "f_i": 18,
        "y_i": 16,
        "y_o": 14,
        "X_i": 18,
        "X_o": 16,
        "Y_o": 14,
        "N": 5,
        "ifmap_kib": 16 * 16 * 18 * KIB,
        "psum_kib": 18 * 14 * 16 * KIB,
    },
}


@pytest.mark.parametrize("column", [*MODEL_COLUMNS, *MODEL_FIELDS], ids=lambda column: column.name)
def test_every_quantity_of_the_closed_forms(column: Any) -> None:
    value = column.of(MODEL)
    if column.name == "energy_J_by":
        assert list(value) == list(PARTS)
        assert value["mac"] == pytest.approx(0.95e-12 * (65 / 45) / 0.81 * 36 * 48 * 9 * 14 * 16 / 2)
        assert value["dram"] == pytest.approx(200 * 0.95e-12 * (65 / 45) / 0.81 * MODEL_EXPECTED["dram_mib"] / MIB)
        return
    expected = MODEL_EXPECTED[column.name]
    assert value == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_an_estimate_of_a_network_has_its_layers_and_sums() -> None:
    result = estimate(Network("two", (A, B)))
    assert [e.layer.name for e in result] == ["A", "B"]
    assert result.energy_J == pytest.approx(sum(e.energy_J for e in result))
    assert result.latency_s == pytest.approx((A.macs + B.macs) / 23.1e9)
    assert isinstance(RESULT, NetworkResult)
