"""A watched pass: what its PEs do adds up to what the run of its layer counts."""

import numpy as np
import pytest

import simulator
from analytical.layer import Layer
from analytical.network import Network
from simulator.machine.pe_array import Stall
from simulator.watching import WatchError, edges_of

LAYER = Layer.conv("L", channels=6, size=11, filters=7, filter=3, stride=2, padding=1)
NETWORK = Network("small", (LAYER,))


@pytest.fixture(scope="module")
def watched() -> simulator.WatchedPass:
    return simulator.watch("alexnet", "C3", 5, batch=2)


@pytest.mark.parametrize("mapping", ["cnnergy", "eyeriss"])
def test_all_passes_of_a_layer_are_its_run(mapping: str) -> None:
    run = simulator.run(NETWORK, batch=2, mapping=mapping)["L"].run
    passes = simulator.watch(NETWORK, "L", 0, batch=2, mapping=mapping).passes
    assert passes == run.passes
    every = [simulator.watch(NETWORK, "L", number, batch=2, mapping=mapping) for number in range(passes)]
    assert sum(one.cycles for one in every) == run.processing_cycles
    sums = {
        name: sum(int(one.pe_cycles([0, one.cycles])[name][0]) for one in every) for name in every[0].pe_cycles([0])
    }
    assert sums == {
        "compute": run.compute,
        "gated": run.gated,
        "idle": run.idle,
        **{stall.name.lower(): cycles for stall, cycles in run.stalls.items()},
    }


def test_pe_cycles_of_stretches_are_all_pes_times_their_cycles(watched: simulator.WatchedPass) -> None:
    rows = watched.rows(37)
    assert len(rows) == 37
    assert (rows[0]["first_cycle"], rows[-1]["end_cycle"]) == (0, watched.cycles)
    for row in rows:
        cycles = row["end_cycle"] - row["first_cycle"]
        assert sum(n for name, n in row.items() if not name.endswith("cycle")) == 168 * cycles
    assert sum(row["psum_in"] for row in rows) == watched.run.stalls[Stall.PSUM_IN]
    assert sum(row["compute"] for row in rows) == watched.run.nonzero_macs


def test_psums_climb_row_by_row_and_the_next_image_makes_a_dip(watched: simulator.WatchedPass) -> None:
    """What the picture shows: the ramp-up along the stack, and fewer PEs at work between two images."""
    started = watched.first_macs().min(axis=1)
    assert watched.row_names()[0] == "set 0, row 0"
    assert (np.diff(started) < 0).all()
    works = np.array([row["compute"] + row["gated"] for row in watched.rows(100)])
    lengths = np.array([row["end_cycle"] - row["first_cycle"] for row in watched.rows(100)])
    busy = works / lengths / 168
    assert busy[25:38].min() > 0.8
    assert busy[45:55].min() < 0.7 < 0.8 < busy[67:78].min()


def test_a_summary_has_all_pe_cycles(watched: simulator.WatchedPass) -> None:
    rows = watched.summary()
    assert sum(row["PE-cycles"] for row in rows) == 168 * watched.cycles
    assert sum(row["%"] for row in rows) == pytest.approx(100)
    (idle,) = [row for row in rows if row["PEs"] == "no work in this pass"]
    assert idle["PE-cycles"] == 12 * watched.cycles
    assert watched._repr_html_().count("<tr>") == 1 + len(rows)


def test_a_pass_that_is_not_there_is_refused() -> None:
    for number in (60, -1, 1.5, True):
        with pytest.raises(WatchError, match="expected"):
            simulator.watch("alexnet", "C1", number, batch=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="X"):
        simulator.watch("alexnet", "X")
    with pytest.raises(ValueError, match="layer is"):
        simulator.watch("alexnet", ["C1"])  # type: ignore[arg-type]


def test_stretches_are_whole_cycles() -> None:
    assert edges_of(5, 8, 10) == [5, 6, 7, 8]
    assert edges_of(0, 100, 3) == [0, 33, 66, 100]
