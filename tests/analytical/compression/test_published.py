"""Closed forms of compressed networks, against an independent program's figures."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analytical import Layer, Network, decompose, load_network, prune, quantise
from analytical import counts as c
from analytical.compression.shares import shares_kept
from analytical.compression.stored import stored
from analytical.compression.survey import survey_J
from analytical.hardware import BEST, BOTH, CHIPS, PRESETS, RLC, Hardware
from analytical.mappings.rules import map_layer
from analytical.model import LayerEstimate, estimate_layer
from analytical.zeros import carried_out
from tests.analytical.compression.figures import rows_of
from traces import rlc

ROWS = rows_of("compression_vgg16_224.csv")


def vgg16() -> Network:
    """With 100 classes."""
    network = load_network("vgg16")
    return replace(
        network, layers=tuple(replace(each, F=100 if each.name == "FC8" else each.F) for each in network.layers)
    )


def case_of(name: str, hardware: Hardware) -> tuple[Network, Hardware]:
    """The network of a case, and the hardware that makes use of it."""
    network = vgg16()
    gating = replace(hardware, gate=BOTH)
    coded = replace(gating, filter_code=RLC)
    narrow = quantise(network, {"conv": 8, "fc": 5})
    match name.split(","):
        case ["dense"] | ["8-bit codebook on the link"]:
            return (quantise(network, 8) if "8-bit" in name else network), hardware
        case ["dense", " raw where RLC expands"]:
            return network, replace(hardware, fmap_code=BEST)
        case ["SVD"]:
            return decompose(network, {"conv": 3.5, "fc": 6.27}), hardware
        case ["SVD", " raw where RLC expands"]:
            return decompose(network, {"conv": 3.5, "fc": 6.27}), replace(hardware, fmap_code=BEST)
        case ["8-bit conv", " 5-bit fc codebook"]:
            return narrow, hardware
        case ["ternary 2 bit", " z_w 50 %"]:
            return quantise(prune(network, 0.5), 2), gating
        case ["binary 1 bit"]:
            return quantise(network, 1), hardware
        case ["deep compression: prune 92.5 %", *_]:
            return prune(narrow, 0.925), coded
        case ["prune 70 %", " gating only"]:
            return prune(network, 0.7), gating
        case ["prune 70 %", " RLC filters only"]:
            return prune(network, 0.7), replace(hardware, filter_code=RLC)
        case [pruned, " gating + RLC filters"]:
            return prune(network, float(pruned.split()[1]) / 100), coded
        case [pruned, " skipping + RLC filters"]:
            return prune(network, float(pruned.split()[1]) / 100), replace(coded, skip=BOTH)
    raise AssertionError(name)


def estimate_at(layer: Layer, hardware: Hardware, batch: str) -> LayerEstimate:
    """As the independent program takes it: the table's batch, at most the images that fit."""
    images = min(layer.batch, int(map_layer(layer, hardware, "published").N)) if batch == "table" else int(batch)
    return estimate_layer(replace(layer, batch=images), hardware, images, "published")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['case']}, {row['bits']} bit, batch {row['batch']}")
def test_compression_vgg16_224(row: dict[str, str]) -> None:
    hardware = PRESETS[int(row["bits"])]
    network, chip = case_of(row["case"], hardware)
    estimates = [estimate_at(layer, chip, row["batch"]) for layer in network.layers]
    word_J = hardware.prices.of_word("dram", "filter", False)
    dense = sum(estimate_at(layer, hardware, row["batch"]).energy.total for layer in vgg16().layers)
    without = sum(estimate_at(layer, hardware, row["batch"]).energy.without_control for layer in vgg16().layers)
    total = sum(each.energy.total for each in estimates)
    found = {
        "params": sum(layer.weights for layer in network.layers),
        "macs": sum(layer.macs for layer in network.layers),
        "total_J": total,
        "without_control_J": sum(each.energy.without_control for each in estimates),
        **{f"{part}_J": sum(each.energy.parts()[part] for each in estimates) for part in ("mac", "rf", "inter_pe")},
        **{f"{part}_J": sum(each.energy.parts()[part] for each in estimates) for part in ("glb", "dram", "clock")},
        "other_J": sum(each.energy.other_control for each in estimates),
        "dram_filter_J": sum(float(each.counts[c.DRAM_FILTER_READ]) for each in estimates) * word_J,
        "psum_reads": sum(float(each.counts[c.RF_PSUM_READ]) for each in estimates),
        "factor": dense / total,
        "factor_without_control": without / sum(each.energy.without_control for each in estimates),
    }
    assert {*found} == {*row} - {"network", "batch", "bits", "case"}
    for column, value in found.items():
        assert value == pytest.approx(float(row[column]), rel=1e-9), column
    # no count falls below zero, which it does without the windows that zeros leave without a MAC
    assert all(each.counts[c.RF_PSUM_READ] >= 0 for each in estimates)


@pytest.mark.parametrize(
    "row", rows_of("pruned_alexnet.csv"), ids=lambda r: f"{r['layer']}, {r['case']}, {r['bits']} bit"
)
def test_pruned_alexnet(row: dict[str, str]) -> None:
    hardware = PRESETS[int(row["bits"])]
    network = load_network("alexnet")
    if row["case"] != "dense":
        network = prune(network, {name: 1 - kept for name, kept in shares_kept(network, "han2015").items()})
        hardware = CHIPS[f"{hardware.name}-sparse"]
        # of the two codes, the figures have that of filters alone
        hardware = replace(hardware, fmap_code=RLC, skip=BOTH if "skipping" in row["case"] else "none")
    layer = network.layer(row["layer"])
    assert float(row["z_w"]) == pytest.approx(layer.sparsity_filters)
    # the default rules: on the paper's networks they are the published ones, pruned or not
    estimate = estimate_layer(layer, hardware, int(row["batch"]))
    word_J = hardware.prices.of_word("dram", "filter", False)
    found = estimate.energy.parts() | {
        "other": estimate.energy.other_control,
        "dram_filter": float(estimate.counts[c.DRAM_FILTER_READ]) * word_J,
        "without_control": estimate.energy.without_control,
        "total": estimate.energy.total,
        "latency_s": estimate.latency_s,
        "psum_reads": estimate.counts[c.RF_PSUM_READ],
        "eff": estimate.counts.nonzero_macs,
    }
    for column, value in row.items():
        if column not in ("network", "bits", "batch", "case", "layer", "z_w"):
            assert found[column] == pytest.approx(float(value), rel=1e-9), column


@pytest.mark.parametrize("row", rows_of("eyeriss_v2_pe_cycles.csv"), ids=lambda row: row["layer"])
def test_products_of_shares_of_sparse_mobilenet(row: dict[str, str]) -> None:
    """Eyeriss v2 takes a PE cycle for each effectual MAC: what the shares of zeros say is 1 to 7 % below."""
    C, M, E, F = (int(row[name]) for name in ("C", "M", "E", "F"))
    layer = Layer.conv(
        row["layer"],
        channels=C,
        size=(E, F),
        filters=M,
        filter=1,
        sparsity_ifmap=1 - int(row["nonzero_iacts"]) / (C * E * F),
        sparsity_filters=1 - int(row["nonzero_weights"]) / (C * M),
    )
    assert layer.macs == int(row["macs"])
    by_shares = carried_out(layer.macs, layer, CHIPS["eyeriss-8bit-sparse"])
    assert by_shares == pytest.approx(float(row["by_shares"]), rel=1e-9)
    assert int(row["effectual_macs"]) / by_shares - 1 == pytest.approx(float(row["where_zeros_meet"]), rel=1e-9)
    assert int(row["effectual_macs"]) == int(row["published_pe_cycles"])


@pytest.mark.parametrize("row", rows_of("codes_squeezenet1_0_deep_compression.csv"), ids=lambda row: row["layer"])
def test_stored_bytes_of_deep_compression_s_squeezenet(row: dict[str, str]) -> None:
    """Weights with as many nonzeros, and as many runs too long for 4 bits, as the published layer has."""
    values, nonzeros, pads = (int(row[name]) for name in ("values", "nonzeros", "pads_eie"))
    weights = weights_with(values, nonzeros, pads)
    layer = Layer.fc(row["layer"], inputs=values, outputs=1, sparsity_filters=1 - nonzeros / values)
    found = stored(layer, PRESETS[8], weights.reshape(1, values, 1, 1))
    assert found.kept == nonzeros
    # the published file has an entry for each nonzero and each overflow
    assert int(row["entries_in_file"]) == int(row["entries_eie"]) == nonzeros + pads
    assert found.eie * 8 == int(row["eie_bits"])
    assert found.raw * 8 == int(row["raw_bits"])
    # zeros behind the last nonzero value, which the counts leave open, are at most two pairs more
    assert int(row["rlc_8bit_words"]) * 8 - found.rlc in (0, 8)
    assert found.rlc / 8 == len(rlc.encode(weights, 8)) == -(-(nonzeros + pads) // 5)


def weights_with(values: int, nonzeros: int, overflows: int) -> Any:
    """Weights that end in a nonzero one, with runs of zeros that overflow so often."""
    runs = np.zeros(nonzeros, np.int64)
    runs[: -(-overflows // 50)] = 16 * 50
    runs[-(-overflows // 50) - 1] = 16 * (overflows - 50 * (-(-overflows // 50) - 1)) if overflows else 0
    # the rest of the zeros in runs that fit
    left = values - nonzeros - int(runs.sum())
    for at in range(nonzeros):
        more = min(15, left)
        runs[at] += more
        left -= more
    assert left == 0
    weights = np.zeros(values, np.int8)
    weights[np.cumsum(runs + 1) - 1] = 1
    return weights


@pytest.mark.parametrize(
    ("network", "kind", "times"), [("alexnet", "conv", 2.21), ("vgg16", "conv", 2.38)], ids=["AlexNet", "VGG-16"]
)
def test_the_size_of_what_other_machines_publish(network: str, kind: str, times: float) -> None:
    """Against no use of zeros, without control, one image at a time; SCNN has 2.3, of another machine."""
    dense = load_network(network)
    pruned = prune(dense, {name: 1 - kept for name, kept in shares_kept(dense, "han2015").items()})

    def joules(each: Layer, hardware: Hardware) -> float:
        return estimate_layer(each, hardware, 1).energy.without_control

    without = sum(
        joules(replace(layer, sparsity_ifmap=0.0, sparsity_ofmap=0.0), replace(PRESETS[16], fmap_code="raw"))
        for layer in dense.layers
        if layer.kind == kind
    )
    made_use_of = sum(joules(layer, CHIPS["eyeriss-16bit-sparse"]) for layer in pruned.layers if layer.kind == kind)
    assert without / made_use_of == pytest.approx(times, abs=0.005)


def test_fig4_of_the_survey() -> None:
    """The survey's factors from its own numbers; and its formula on the networks that these numbers are of."""
    rows = {row["model"]: row for row in rows_of("fig4_survey.csv")}
    original = rows["original"]
    for row in rows.values():
        assert float(original["total_mJ"]) / float(row["total_mJ"]) == pytest.approx(float(row["factor"]))
    network = vgg16()
    # its MB are MiB, its FLOP two a MAC
    assert sum(layer.weights for layer in network.layers) * 4 / 2**20 == pytest.approx(513, rel=2e-3)
    assert 2 * sum(layer.macs for layer in network.layers) == pytest.approx(30.9e9, rel=2e-3)
    assert survey_J(network) * 1e3 == pytest.approx(float(original["total_mJ_if_MiB"]), rel=3e-3)
    # a narrow FLOP and a quarter of the bytes; and of SVD the parameters and FLOP that it states
    assert survey_J(quantise(network, 8)) * 1e3 == pytest.approx(float(rows["8-bit"]["total_mJ_if_MiB"]), rel=5e-3)
    svd = decompose(network, {"conv": 3.5, "fc": 6.27})
    assert survey_J(svd) * 1e3 == pytest.approx(float(rows["SVD"]["total_mJ_if_MiB"]), rel=0.02)


def test_han2015_s_share_of_flop() -> None:
    """Weights that are kept times activations of the layer before that are not zero, as Table 4 has it in percent."""
    kept = shares_kept(load_network("alexnet"), "han2015")
    # Table 4's activations of each layer, in percent; C1 reads the image, and its shares are rounded
    activations = [100, 88, 52, 37, 40, 34, 36, 40]
    flop = [share * alive for share, alive in zip(kept.values(), activations, strict=True)]
    assert flop == pytest.approx([84, 33, 18, 14, 14, 3, 3, 10], abs=1)
