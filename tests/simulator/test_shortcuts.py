"""Sums read their shortcuts again: which, how much, and who charges it."""

import pytest

import simulator
from analytical.networks import load_network
from traces import rlc
from traces.trace import Trace


def test_resnet8_reads_three_tensors_again() -> None:
    """13 % of what DRAM moves for its layers. Of each sum's parts, that which is made last has not left yet; a layer's
    comes back as it went."""
    result = simulator.run("resnet8")
    assert [(read.operation, read.reads) for read in result.shortcuts] == [
        ("add", "conv2d"),
        ("add_1", "conv2d_4"),
        ("add_2", "conv2d_7"),
    ]
    for read in result.shortcuts:
        assert read.coded
        assert read.link_bits == result[read.reads].row()["dram_ofmap_bits"]
    assert result.shortcut_bits == sum(read.link_bits for read in result.shortcuts)
    moved = sum(
        result[name].row()[column]
        for name in result.settings.network.names
        for column in ("dram_ifmap_bits", "dram_filter_bits", "dram_ofmap_bits")
    )
    assert result.shortcut_bits / moved == pytest.approx(0.13, abs=0.01)


def test_only_full_charges_them() -> None:
    free, full = (simulator.run("resnet8", accounting=name) for name in ("cnnergy", "full"))
    assert free.energy_J == pytest.approx(sum(layer.energy_J for layer in free), rel=1e-12)
    shortcuts = sum(read.energy(full.hardware).total for read in full.shortcuts)
    assert shortcuts > 0
    assert full.energy_J == pytest.approx(sum(layer.energy_J for layer in full) + shortcuts, rel=1e-12)
    assert len(full.record()["shortcuts"]) == 3


def test_a_network_without_sums_has_none_and_says_nothing() -> None:
    result = simulator.run("alexnet", layers=["C3"])
    assert result.shortcuts == ()
    assert "shortcuts" not in result.record()


def test_what_an_operation_made_is_known_by_who_reads_it() -> None:
    """In a chain of blocks the shortcut is the last sum, whose values the layers that read it have."""
    network = load_network("resnet8")
    trace = network.trace
    assert isinstance(trace, Trace)
    ifmap = trace.arrays("conv2d_3").ifmap
    assert rlc.words_of_tiles(ifmap[:, :, :32, :32], 8) > 0
    # a part whose layers did not run is left out
    some = simulator.run(network, layers=["conv2d", "conv2d_1"])
    assert some.shortcuts == ()
