"""The report of a run: its numbers are the result's, its lines fit a terminal."""

from dataclasses import replace

import pytest

import simulator
from analytical import Layer, Network
from analytical.counts import RF_IFMAP_FILL, Counts
from analytical.terminal.tables import people_console
from simulator.result import NetworkResult
from simulator.tables.energy import energy_table, latency_table, pe_table
from simulator.tables.report import print_report

LAYERS = (
    Layer.conv("A", channels=4, size=13, filters=8, filter=3, padding=1, sparsity_ifmap=0.3, first=True),
    Layer.conv("B", channels=8, size=13, filters=8, filter=3, sparsity_ofmap=0.5, batch=2),
)
RESULT = simulator.run(Network("two", LAYERS))


def shown(table: object) -> list[list[str]]:
    console = people_console()
    with console.capture() as capture:
        console.print(table)
    return [line.split() for line in capture.get().splitlines() if line.strip()]


def report(result: NetworkResult, *, crosscheck: bool = False) -> str:
    console = people_console()
    with console.capture() as capture:
        print_report(console, result, crosscheck=crosscheck)
    return capture.get()


def test_shares_of_pe_cycles_add_up_to_all() -> None:
    rows = shown(pe_table(RESULT.layers, 168))[-3:]
    for row in rows:
        shares = [float(cell) for cell in row if "." in cell]
        assert len(shares) == 7
        assert sum(shares) == pytest.approx(100, abs=0.4)
    run = RESULT["A"].run
    assert [row[0] for row in rows] == ["A", "B", "total"]
    assert rows[0][3] == f"{100 * run.compute / (168 * run.processing_cycles):.1f}"


def test_waits_are_shares_of_the_total_latency() -> None:
    rows = shown(latency_table(RESULT.layers))
    row = next(row for row in rows if row[0] == "B")
    run = RESULT["B"].run
    waits = [float(cell) for cell in row[3:6]]
    assert sum(waits) == pytest.approx(100 * (1 - run.processing_cycles / run.total_cycles), abs=0.2)
    assert float(row[6]) == pytest.approx(RESULT["B"].latency_s * 1e6, abs=0.005)


def test_energies_are_those_of_both_sides() -> None:
    sides = {"sim": RESULT.energy, "model": RESULT.model_energy}
    rows = shown(energy_table("both", [], sides))
    total = next(row for row in rows if row[0] == "total")
    assert total[1] == "sim"
    assert float(total[-1]) == pytest.approx(RESULT.energy_J / RESULT.model_energy_J, abs=5e-4)


def test_a_residual_is_told_in_the_short_report_too() -> None:
    faulty = replace(RESULT["A"], run=RESULT["A"].run)
    wrong = replace(faulty.check, simulated=faulty.check.simulated + Counts(macs=1, events={RF_IFMAP_FILL: 1}))
    text = report(replace(RESULT, layers=(replace(faulty, check=wrong), RESULT["B"])))
    assert "UNEXPLAINED: A macs" in text
    assert "UNEXPLAINED" not in report(RESULT)


def test_lines_fit_a_terminal_with_and_without_the_cross_check() -> None:
    short, long = report(RESULT), report(RESULT, crosscheck=True)
    assert max(map(len, long.splitlines())) <= 80
    assert len(short.splitlines()) < len(long.splitlines())
    assert short.splitlines()[-2:] == long.splitlines()[-2:]


def test_long_names_are_folded_and_numbers_are_not() -> None:
    long = tuple(replace(layer, name=f"{layer.name}_{'very_long_name' * 3}") for layer in LAYERS)
    result = simulator.run(Network("long", long))
    text = report(result)
    assert max(map(len, text.splitlines())) <= 80
    assert "\u2026" not in text
    assert f"{result.energy_J * 1e6:.3f}" in text
    assert f"{result[long[0].name].energy.dram * 1e6:.3f}"[:5] in text
