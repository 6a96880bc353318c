"""The model against the authors' own program, column by column."""

import csv
from pathlib import Path

import pytest

from analytical.energy import price
from analytical.hardware import EYERISS_16BIT, PRESETS
from analytical.model import estimate_layer
from analytical.networks import ZOO, load_network

DATA = Path(__file__).parents[1] / "data" / "cnnergy"


def reference(network: str, bits: int) -> list[dict[str, str]]:
    with (DATA / f"{network}_{bits}bit.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("network", "bits"), [("alexnet", 16), ("alexnet", 8), ("squeezenet1_1", 8)])
def test_every_column_equals_cnnergys_own_output(network: str, bits: int) -> None:
    rows = reference(network, bits)
    layers = load_network(network).layers
    assert [layer.name for layer in layers] == [row["layer"] for row in rows]
    for layer, row in zip(layers, rows, strict=True):
        columns = estimate_layer(layer, PRESETS[bits]).row()
        assert list(columns) == list(row)
        for column, value in row.items():
            if column != "layer":
                assert columns[column] == pytest.approx(float(value), rel=1e-9), (layer.name, column)


def test_alexnets_layers_share_their_filters_as_the_table_says() -> None:
    assert [estimate_layer(layer, EYERISS_16BIT).images for layer in load_network("alexnet").layers] == [
        1,
        2,
        6,
        6,
        6,
        18,
        18,
        18,
    ]


@pytest.mark.parametrize("network", ZOO)
@pytest.mark.parametrize("bits", [8, 16])
def test_energy_without_control_is_the_energy_of_hardware_with_free_control(network: str, bits: int) -> None:
    hardware = PRESETS[bits]
    for layer in load_network(network).layers:
        # by the published rules, since to the corrected ones prices matter, and the clock's with them
        with_control = estimate_layer(layer, hardware, rules="published")
        free = estimate_layer(layer, hardware.without_control(), rules="published")
        assert free.energy.total == pytest.approx(with_control.energy.without_control, rel=1e-12)
        assert free.energy.total == free.energy.without_control


def test_other_control_is_its_share_of_all_but_dram() -> None:
    energy = estimate_layer(load_network("alexnet").layers[0], EYERISS_16BIT).energy
    assert energy.other_control == pytest.approx(0.15 * (energy.total - energy.dram), rel=1e-12)


def test_a_batch_of_its_own_changes_what_filters_cost() -> None:
    layer = load_network("alexnet").layers[6]
    one, many = (estimate_layer(layer, EYERISS_16BIT, batch) for batch in (1, 18))
    assert one.row()["filter_dram_mib"] == pytest.approx(18 * many.row()["filter_dram_mib"])
    assert one.energy.mac == pytest.approx(many.energy.mac)


def test_the_price_of_counts_is_linear() -> None:
    counts = estimate_layer(load_network("alexnet").layers[2], EYERISS_16BIT).counts
    once, twice = (price(counts * times, EYERISS_16BIT, latency_s=times * 1e-3) for times in (1, 2))
    assert (once + once).total == pytest.approx(twice.total, rel=1e-12)
