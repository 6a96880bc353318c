"""What is charged, and what is only counted."""

import pytest

from analytical import counts as c
from analytical.counts import Counts
from analytical.energy import Accounting, not_charged, price
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT

EVERYTHING_ONCE = Counts(macs=1, nonzero_macs=1, events=dict.fromkeys(c.ALL_EVENTS, 1))


def test_table_iii_prices_are_multiples_of_a_mac() -> None:
    prices = EYERISS_16BIT.prices
    assert [prices.rf / prices.mac, prices.inter_pe / prices.mac, prices.glb / prices.mac] == pytest.approx([1, 2, 6])
    assert prices.dram / prices.mac == pytest.approx(200)
    assert prices.mac == pytest.approx(0.95e-12 * (65 / 45) / 0.81)


def test_8_bit_halves_memory_and_quarters_multiplication() -> None:
    wide, narrow = EYERISS_16BIT.prices, EYERISS_8BIT.prices
    assert narrow.dram / wide.dram == narrow.rf / wide.rf == 0.5
    assert narrow.mac / wide.mac == pytest.approx((0.025 + 0.225) / 0.95)


@pytest.mark.parametrize(
    ("accounting", "rf", "glb"), [(Accounting.CNNERGY, 4, 4), (Accounting.CHIP, 4, 4), (Accounting.FULL, 8, 7)]
)
def test_accountings_differ_in_what_they_charge(accounting: Accounting, rf: int, glb: int) -> None:
    energy = price(EVERYTHING_ONCE, EYERISS_16BIT, latency_s=0, accounting=accounting)
    assert energy.rf / EYERISS_16BIT.prices.rf == pytest.approx(rf)
    assert energy.glb / EYERISS_16BIT.prices.glb == pytest.approx(glb)
    assert energy.dram / EYERISS_16BIT.prices.dram == pytest.approx(3)


def test_cnnergy_charges_filters_and_the_chip_the_ofmaps_last_read() -> None:
    assert not Accounting.CNNERGY.charges(c.GLB_OFMAP_DRAIN)
    assert not Accounting.CHIP.charges(c.GLB_FILTER_READ)
    assert not_charged(EVERYTHING_ONCE, Accounting.FULL) == {}
    assert set(not_charged(EVERYTHING_ONCE, Accounting.CNNERGY)) == {
        c.RF_IFMAP_FILL,
        c.RF_FILTER_FILL,
        c.RF_PSUM_FILL,
        c.RF_PSUM_DRAIN,
        c.GLB_IFMAP_FILL,
        c.GLB_FILTER_FILL,
        c.GLB_OFMAP_DRAIN,
    }


def test_clock_energy_is_power_times_latency() -> None:
    assert price(Counts(), EYERISS_16BIT, latency_s=2).clock == pytest.approx(0.2126)
