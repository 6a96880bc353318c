"""Measured figures from files."""

from pathlib import Path

import pytest

from simulator.silicon.measured import SiliconError, load_measured
from tests.simulator.silicon.written import PARTLY, written


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("power_mW", "power_W"),
            "layers.C4.power_W is unknown; expected some of total_latency_ms, processing_latency_ms",
        ),
        (("batch = 1", ""), "batch is missing; expected all of source, chip, network, bits, batch, layers"),
        (("batch = 1", "batch = 0"), "batch is 0; expected at least 1"),
        (
            ("= 2.0", "= -2.0"),
            "layers.C5.processing_latency_ms is -2.0; expected at least",
        ),
        (("= 2.0", "= inf"), "layers.C5.processing_latency_ms is inf; expected at most 1000000000000"),
        (("= 2.0", "= "), "expected TOML"),
        (("bits = 16", "bits = 12"), "bits is 12; expected 8 or 16"),
        (("total_latency_ms = 5.0", ""), "layers.C4.power_mW is 200; expected total_latency_ms beside it"),
        (("batch = 1", 'batch = 1\nalso = [{layer = "C5", mapping_of = "C9", because = ""}]'), "no layer C9"),
    ],
)
def test_a_file_without_measured_figures_is_refused(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    path = written(tmp_path, PARTLY.replace(*change))
    with pytest.raises(SiliconError) as refused:
        load_measured(path)
    assert str(refused.value).startswith(path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_layer_table_lies_beside_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, PARTLY.replace('"alexnet"', '"mine.csv"'))
    assert load_measured(path).network == str(tmp_path / "mine.csv")
