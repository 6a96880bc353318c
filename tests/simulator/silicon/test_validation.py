"""The machine beside measured figures."""

from pathlib import Path

import pytest

from analytical.counts import GLB_FILTER_READ
from analytical.hardware import EYERISS_16BIT
from analytical.mappings import MappingError
from analytical.network import NetworkError
from analytical.networks import load_network
from simulator.runner import run_network
from simulator.silicon.measured import load_measured
from simulator.silicon.validation import (
    Cell,
    Validation,
    dram_megabytes,
    glb_megabytes,
    ideal_ms,
    settings_of,
    validate,
)
from tests.simulator.silicon.written import PARTLY, written


def test_what_was_not_measured_has_no_error(tmp_path: Path) -> None:
    measured = load_measured(written(tmp_path, PARTLY))
    settings, also = settings_of(measured, EYERISS_16BIT, {}, seed=0)
    assert also == []
    validation = Validation(measured=measured, result=run_network(settings), also=[])
    cells = validation.cells()
    assert list(cells) == ["C4", "C5"]
    assert cells["C4"]["processing_latency_ms"].measured is None
    assert cells["C4"]["processing_latency_ms"].error_percent is None
    assert cells["C4"]["on_chip_energy_mJ"].measured == 1.0
    assert cells["C5"]["on_chip_energy_mJ"].error_percent is None
    assert set(validation.mean_errors()) == {"processing_latency_ms", "total_latency_ms", "on_chip_energy_mJ"}
    assert validation.sums() == {}
    assert [model.factor for model in validation.one_factor_models()] == [
        1.0,
        pytest.approx(2.0 / ideal_ms(validation.result.layers[1].run)),
    ]
    assert validation.record()["layers"][0]["active_pes"] == {"measured": None, "machine": 156, "error_percent": None}


def test_an_error_is_relative_to_what_was_measured() -> None:
    assert Cell(2.0, 2.5).error_percent == pytest.approx(25)
    assert Cell(None, 2.5).error_percent is None


def test_layers_that_the_network_does_not_have_are_refused(tmp_path: Path) -> None:
    measured = load_measured(written(tmp_path, PARTLY.replace("layers.C5", "layers.C9")))
    with pytest.raises(NetworkError, match="network alexnet has no layer 'C9'"):
        settings_of(measured, EYERISS_16BIT, {}, seed=0)


def test_another_s_mapping_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    also = 'batch = 1\nalso = [{layer = "C1", mapping_of = "C5", because = "why not"}]'
    text = PARTLY.replace("batch = 1", also) + "[layers.C1]\nactive_pes = 154\n"
    measured = load_measured(written(tmp_path, text))
    _, (settings,) = settings_of(measured, EYERISS_16BIT, {}, seed=0)
    with pytest.raises(MappingError, match=r"layer C1 cannot be mapped so: q\*S is 33"):
        run_network(settings)


@pytest.fixture(scope="module")
def vgg16() -> Validation:
    return validate("eyeriss_vgg16")


@pytest.mark.parametrize(
    ("figure", "each", "mean"),
    [
        ("processing_latency_ms", 6, 3),
        ("total_latency_ms", 11, 6),
        ("active_pes", 0, 0),
        ("glb_MB", 0.1, 0.1),
        ("dram_MB", 3, 2),
    ],
)
def test_table_vi_of_vgg16(vgg16: Validation, figure: str, each: float, mean: float) -> None:
    """Percent, each of 13 layers and their mean; nothing is fitted but what the mapping's file says."""
    errors = [abs(cells[figure].error_percent or 0.0) for cells in vgg16.cells().values()]
    assert len(errors) == 13
    assert max(errors) <= each
    assert vgg16.mean_errors()[figure] <= mean


def test_zeros_are_those_of_table_vi(vgg16: Validation) -> None:
    layer = vgg16.result["C4_2"].run.layer
    assert layer.sparsity_ifmap == 0.747
    following = vgg16.result["C4_3"].run.layer
    assert layer.sparsity_ofmap == following.unpadded_sparsity
    # a pool lies between: what it took is not known
    assert vgg16.result["C1_2"].run.layer.sparsity_ofmap == load_network("vgg16").layer("C1_2").sparsity_ofmap


def test_a_megabyte_is_what_the_file_says(vgg16: Validation) -> None:
    run = vgg16.result["C5_1"].run
    other = vgg16.measured.model_copy(update={"bytes_of_MB": 1_000_000, "glb_counts_filters": False})
    assert dram_megabytes(run, other) == pytest.approx(dram_megabytes(run, vgg16.measured) * 2**20 / 1e6)
    filters = float(run.counts[GLB_FILTER_READ]) * 2
    assert glb_megabytes(run, vgg16.measured) * 2**20 - glb_megabytes(run, other) * 1e6 == pytest.approx(filters)
