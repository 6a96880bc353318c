"""The timeline: what Perfetto shows is what happened, cycle by cycle, whichever engine ran."""

import gzip
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.network import Network
from analytical.networks import load_network
from simulator.machine.history import History
from simulator.machine.layer_run import FILTER_BUFFER, GLB_IFMAP, GLB_PSUMS, Wait, run_tiling
from simulator.machine.loop import FILTERS, IFMAP
from simulator.machine.schedule import schedule
from simulator.machine.timeline import Act
from simulator.report.timeline import DRAM_LINK, LAYERS, PE_ARRAY, Timeline, nonzero_macs_of
from simulator.runner import run_network
from simulator.settings import Settings
from tests.commands import command
from tests.machines import observed
from tests.strategies import mappable
from traces.tensors import synthesise


def columns_of(history: History) -> list[np.ndarray]:
    return [column for table in history[:4] for column in table]


@given(mappable())
def test_both_machines_tell_the_same(case: tuple[Layer, Hardware, int]) -> None:
    """The compiled loop and the SimPy processes, whose result does not depend on who looks."""
    layer, hardware, batch = case
    (run, fast), (other, defined) = (observed(layer, hardware, batch, engine) for engine in ("fast", "detailed"))
    for ours, theirs in zip(columns_of(fast), columns_of(defined), strict=True):
        assert np.array_equal(ours, theirs)
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=0)
    alone = run_tiling(run.tiling, tensors)
    assert (alone.total_cycles, alone.dram_waits, alone.counts) == (run.total_cycles, run.dram_waits, run.counts)
    assert other.total_cycles == run.total_cycles == fast.total


@given(mappable())
def test_what_is_told_adds_up_to_the_run(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    run, history = observed(layer, hardware, batch)
    passes, acts, fetches, backs = history.passes, history.acts, history.fetches, history.write_backs
    assert passes.cycles.sum() == run.processing_cycles
    assert fetches.cycles.sum() + backs.cycles.sum() == run.dram_busy_cycles
    room = int((acts.at - acts.asked).sum())
    assert run.dram_waits[Wait.DATA] == (passes.start - passes.ready).sum()
    assert run.dram_waits[Wait.ROOM] == room
    assert (passes.end - passes.start).sum() == run.processing_cycles + room
    between = np.append(passes.ready[1:], history.total) - passes.end
    assert run.dram_waits[Wait.WRITE_BACK] == between.sum()
    # the link does one thing at a time
    start, cycles = np.append(fetches.start, backs.start), np.append(fetches.cycles, backs.cycles)
    order = np.argsort(start, kind="stable")
    assert np.all(start[order][1:] >= (start + cycles)[order][:-1])


@given(mappable())
def test_the_glb_is_never_overfull_and_its_peaks_are_the_run_s(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    run, history = observed(layer, hardware, batch)
    acts, fetches, backs = history.acts, history.fetches, history.write_backs
    changes = {
        GLB_IFMAP: [
            *zip(fetches.start[fetches.part == IFMAP], fetches.words[fetches.part == IFMAP], strict=True),
            *zip(acts.at[acts.act == Act.RELEASE_IFMAP], -acts.words[acts.act == Act.RELEASE_IFMAP], strict=True),
        ],
        FILTER_BUFFER: [
            *zip(fetches.start[fetches.part == FILTERS], fetches.words[fetches.part == FILTERS], strict=True),
            *zip(acts.at[acts.act == Act.RELEASE_FILTERS], -acts.words[acts.act == Act.RELEASE_FILTERS], strict=True),
        ],
        GLB_PSUMS: [
            *zip(acts.at[acts.act == Act.TAKE_PSUMS], acts.words[acts.act == Act.TAKE_PSUMS], strict=True),
            *zip(backs.start + backs.cycles, -backs.words, strict=True),
        ],
    }
    for part, of_part in changes.items():
        # what is given back in a cycle is there to be taken in it
        levels = np.cumsum([words for _, words in sorted(of_part)])
        assert levels.min(initial=0) >= 0
        assert levels[-1] == 0
        assert levels.max() <= run.glb_peak_words[part] <= levels.max() + max(abs(words) for _, words in of_part)


@given(mappable())
def test_effective_macs_of_all_passes_are_the_run_s(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    run, _ = observed(layer, hardware, batch)
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=0)
    passes = list(schedule(run.tiling))
    assert nonzero_macs_of(layer, tensors.ifmap, passes).sum() == run.nonzero_ifmap_macs
    assert np.all(nonzero_macs_of(layer, np.ones_like(tensors.ifmap), passes) == [p.shape.macs for p in passes])


def events_of(timeline: Timeline) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = json.loads(gzip.decompress(timeline.gzipped()))["traceEvents"]
    return events


def test_events_are_what_perfetto_takes() -> None:
    timeline = Timeline("alexnet")
    network = load_network("alexnet")
    settings = Settings(network=network, selected=("C1", "C3"), hardware=EYERISS_16BIT, batch=2)
    result = run_network(settings, history=timeline)
    events = events_of(timeline)
    tracks = {
        track: [event for event in events if event["ph"] == "X" and event["tid"] == track]
        for track in (LAYERS, PE_ARRAY, DRAM_LINK)
    }
    assert min(tracks) > 100
    total = sum(layer.run.total_cycles for layer in result)
    assert sum(event["dur"] for event in tracks[LAYERS]) == total
    assert sum(event["dur"] for event in tracks[PE_ARRAY]) == total
    passes = [event for event in tracks[PE_ARRAY] if event["name"] == "pass"]
    assert sum(event["dur"] for event in passes) == sum(layer.run.processing_cycles for layer in result)
    assert sum(event["dur"] for event in tracks[DRAM_LINK]) == sum(layer.run.dram_busy_cycles for layer in result)
    assert {event["name"] for event in tracks[DRAM_LINK]} == {"filter", "ifmap", "ofmap"}
    for wait in Wait:
        told = sum(
            event["dur"] for event in tracks[PE_ARRAY] if event["name"] == f"wait: {wait.value.replace('_', ' ')}"
        )
        assert told == sum(layer.run.dram_waits[wait] for layer in result)
    # on a track one thing comes after the other
    for of_track in tracks.values():
        ordered = sorted(of_track, key=lambda event: event["ts"])
        assert all(one["ts"] + one["dur"] <= other["ts"] for one, other in pairwise(ordered))
    first = passes[0]["args"]
    assert (first["images"], first["rows"]) == ("0:1", "0:14")
    assert any(name.startswith("stall: ") for name in first)
    stalls = sum(value for name, value in first.items() if name.startswith("stall: "))
    assert first["MACs"] + stalls + first["idle, PE-cycles"] == 168 * passes[0]["dur"]
    assert [event["name"] for event in tracks[LAYERS]] == ["C1, 2 images", "C3, 2 images"]
    for counter in ("GLB for ifmap", "GLB for psums", "filter buffer"):
        assert any(event["ph"] == "C" and event["name"] == counter for event in events)
    layers = [event["args"] for event in tracks[LAYERS]]
    of_passes = sum(event["args"]["MACs"] for event in passes)
    assert sum(args["MACs"] for args in layers) == of_passes == sum(layer.run.counts.macs for layer in result)


@pytest.mark.parametrize("overlap", [False, True])
def test_the_area_under_the_counters_is_what_the_pes_did(overlap: bool) -> None:
    """Also while the array waits, which is a share of its own."""
    timeline, hardware = Timeline("some"), replace(EYERISS_16BIT, overlap_fmaps=overlap)
    settings = Settings(network=load_network("alexnet"), selected=("C1", "C3"), hardware=hardware, batch=3)
    result = run_network(settings, history=timeline)
    counted = [event for event in events_of(timeline) if event["name"] == "PEs, %"]
    assert all(sum(event["args"].values()) == pytest.approx(100, abs=0.3) for event in counted)
    runs = [layer.run for layer in result]
    total = sum(run.total_cycles for run in runs)
    at = np.array([event["ts"] for event in counted] + [total])
    assert at[0] == 0
    assert np.all(np.diff(at) >= 0)
    expected = {
        "MAC": sum(run.compute for run in runs) / 168,
        "gated": sum(run.gated for run in runs) / 168,
        "stall": sum(sum(run.stalls.values()) for run in runs) / 168,
        "idle": sum(run.idle for run in runs) / 168,
        "wait": sum(sum(run.dram_waits.values()) for run in runs),
    }
    for name, cycles in expected.items():
        area = np.array([event["args"][name] for event in counted]) @ np.diff(at)
        assert area / total == pytest.approx(100 * cycles / total, abs=0.1)


def test_a_machine_that_skips_has_a_timeline(tmp_path: Path) -> None:
    """Passes without stalls by cause: each has its own."""
    out, chip = tmp_path / "run.json.gz", tmp_path / "skips.toml"
    chip.write_text('gate = "both"\nskip = "both"\n')
    said = ["run", "alexnet", "--layers", "C5", "--batch", "1", "--hardware", str(chip)]
    done = command("simulator", *said, "--timeline", str(out), "--json", "-")
    assert done.returncode == 0, done.stderr
    (layer,) = json.loads(done.stdout)["layers"]
    events = json.loads(gzip.decompress(out.read_bytes()))["traceEvents"]
    passes = [event for event in events if event["name"] == "pass"]
    assert sum(event["dur"] for event in passes) == layer["processing_cycles"]
    assert "MACs" not in passes[0]["args"]


def test_the_same_run_has_the_same_timeline_and_bad_names_are_refused(tmp_path: Path) -> None:
    files = [tmp_path / "a.json.gz", tmp_path / "b.json.gz"]
    for file in files:
        settings = Settings(network=Network("one", (Layer.fc("L", inputs=8, outputs=8),)), hardware=EYERISS_16BIT)
        timeline = Timeline("one")
        run_network(settings, history=timeline)
        file.write_bytes(timeline.gzipped())
    assert files[0].read_bytes() == files[1].read_bytes()
    refused = command("simulator", "run", "alexnet", "--timeline", "run.html")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "error: --timeline is run.html; expected a name that ends in .json.gz\n"
