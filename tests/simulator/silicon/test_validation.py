"""The machine beside measured figures."""

from pathlib import Path

import pytest

from analytical.hardware import EYERISS_16BIT
from analytical.mappings import MappingError
from analytical.network import NetworkError
from simulator.runner import run_network
from simulator.silicon.measured import load_measured
from simulator.silicon.validation import Cell, Validation, ideal_ms, settings_of
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
