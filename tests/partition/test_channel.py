"""What is sent, and what it costs (eqs 24-25)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.graph import Node
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT
from partition.channel import Channel, image_bits, tensor_bits
from partition.units import UnitError, parse_quantity


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("60Mbps", "bps", 60e6),
        ("1.5 Gbps", "bps", 1.5e9),
        ("250kbps", "bps", 250e3),
        ("60mbps", "bps", 60e6),
        ("60Mb/s", "bps", 60e6),
        ("1 Gbit/s", "bps", 1e9),
        ("0W", "W", 0.0),
        ("92Tops", "ops", 92e12),
        ("4e12", "ops", 4e12),
        ("0.5W", "W", 0.5),
        ("780mW", "W", 0.78),
        ("5e-1W", "W", 0.5),
        ("50ms", "s", 0.05),
        ("2s", "s", 2.0),
        (".3mJ", "J", 0.3e-3),
    ],
)
def test_quantities_are_read_with_their_units(text: str, unit: str, value: float) -> None:
    assert parse_quantity(text, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "60",
        "60 MB/s",
        "60MBps",
        "Mbps",
        "-60Mbps",
        "0Mbps",
        "nan bps",
        "1e999bps",
        "60Mbpsx",
        "\uff16\uff10Mbps",
        "1e-300bps",
        "",
    ],
)
def test_what_is_no_bit_rate_is_refused(text: str) -> None:
    with pytest.raises(UnitError) as refused:
        parse_quantity(text, "bps")
    assert str(refused.value) == f"{text!r}; expected a bit rate like 60Mbps, from 1 to 1e+15 bps"


@given(st.integers(1, 10**7), st.floats(0, 1))
def test_a_tensor_is_never_sent_in_more_bits_than_raw(values: int, sparsity: float) -> None:
    node = Node(name="n", channels=values, height=1, width=1, sparsity=sparsity)
    for hardware, overhead in ((EYERISS_8BIT, 3 / 5), (EYERISS_16BIT, 1 / 3)):
        raw = values * hardware.b_w
        coded = raw * (1 - sparsity) * (1 + overhead)
        assert tensor_bits(node, hardware) == pytest.approx(min(raw, coded))
    assert image_bits(values, sparsity) <= 8 * values


def test_energy_is_power_times_time() -> None:
    assert Channel(bitrate_bps=50e6, tx_power_W=0.8).energy_J(25e6) == pytest.approx(0.4)
