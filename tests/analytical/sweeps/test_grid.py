"""Grids: every combination once, in an order that does not change, and one line for what cannot be."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.files.hardware import load_hardware
from analytical.hardware import CHIPS, Hardware
from analytical.sweeps.grid import Constraint, grid_of, load_grid


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(1, 30), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from([25, 50, 100.0]), min_size=1, max_size=2, unique=True),
    st.integers(1, 900),
)
def test_every_combination_is_a_point_once_unless_a_constraint_forbids_it(
    J: list[int], K: list[int], glb: list[float], most: int
) -> None:
    grid = grid_of(
        {
            "networks": ["alexnet", "vgg16"],
            "batch": [1, "table"],
            "constraints": f"pes <= {most}",
            "hardware": {"J": J, "K": K, "glb_kib": glb},
        }
    )
    points = list(grid.points())
    found = [(*point.chip.fields.values(), point.network, point.batch) for point in points]
    expected = [
        (j, k, kib, network, batch)
        for j in J
        for k in K
        for kib in glb
        for network in ("alexnet", "vgg16")
        for batch in (1, None)
        if j * k <= most
    ]
    assert found == expected
    assert [point.number for point in points] == list(range(len(points)))
    for point in points:
        # the same hardware, whichever way it is asked for
        assert grid.chip(point.chip.number) == point.chip


def test_a_chip_of_a_grid_is_that_of_a_file_with_the_same_fields(tmp_path: Path) -> None:
    """What depends on a field follows: FIFOs, throughput, the price of a GLB word."""
    fields = {"K": 28, "I_s": 24, "P_s": 16, "glb_kib": 64, "prices": {"dram": 1e-10, "unit": "J"}}
    (tmp_path / "chip.toml").write_text(
        'K = 28\nI_s = 24\nP_s = 16\nglb_kib = 64\nprices = { dram = 1e-10, unit = "J" }'
    )
    (chip,) = grid_of({"networks": "alexnet", "hardware": fields}).chips()
    file = load_hardware(tmp_path / "chip.toml")
    assert chip.hardware is not None
    named = {name: getattr(chip.hardware, name) for name in Hardware.__dataclass_fields__ if name != "name"}
    assert named == {name: getattr(file, name) for name in named}


def test_fields_of_a_zip_go_together_and_ranges_do_not_drift() -> None:
    grid = grid_of(
        {
            "networks": "alexnet",
            "hardware": {"glb_kib": {"from": 0.1, "to": 0.7, "step": 0.1}, "P_s": {"from": 8, "to": 64, "times": 2}},
            "zip": [{"J": [8, 16], "K": [8, 16]}],
        }
    )
    sizes = [chip.fields for chip in grid.chips()]
    assert sorted({fields["glb_kib"] for fields in sizes}) == pytest.approx(
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], rel=1e-15
    )
    assert sorted({fields["P_s"] for fields in sizes}) == [8, 16, 32, 64]
    assert {(fields["J"], fields["K"]) for fields in sizes} == {(8, 8), (16, 16)}
    assert grid.combinations == len(sizes) == 7 * 4 * 2


def test_a_hardware_that_cannot_exist_is_a_point_with_its_reason() -> None:
    good, bad = grid_of({"networks": "alexnet", "hardware": {"gon_bits": [64, 8]}}).chips()
    assert good.hardware is not None
    assert not good.reason
    assert bad.hardware is None
    assert "gon_bits is 8; expected at least one word of 16 bits" in bad.reason


def test_files_are_looked_for_beside_the_grid(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text("K = 7")
    (tmp_path / "grid.toml").write_text('networks = "alexnet"\n[hardware]\nbase = ["small.toml", "eyeriss-8bit"]')
    assert [chip.hardware.pes for chip in load_grid(tmp_path / "grid.toml").chips() if chip.hardware] == [84, 168]


@pytest.mark.parametrize(
    ("text", "holds"), [("J == 12", True), ("pes<=167", False), ("J >= K", False), ("glb_kib > 1e2", False)]
)
def test_constraints_compare_fields(text: str, holds: bool) -> None:
    assert Constraint(text).holds(CHIPS["eyeriss-16bit"]) is holds


GRID: dict[str, Any] = {"networks": "alexnet"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, "grid: networks is missing; expected all of networks"),
        ({"networks": []}, "grid: networks is empty; expected at least one"),
        (GRID | {"bacth": 1}, "grid: bacth is unknown; expected some of networks, mapping, batch"),
        (GRID | {"batch": 0}, "grid: batch is 0; expected whole numbers from 1"),
        (GRID | {"batch": [1.5]}, "grid: batch"),
        (GRID | {"seed": -1}, "grid: seed is -1; expected whole numbers from 0"),
        (GRID | {"hardware": {"L": [1]}}, "grid: L is unknown; expected some of"),
        (GRID | {"hardware": {"J": ["8"]}}, 'grid: J is "8"; expected a whole number'),
        (GRID | {"hardware": {"J": []}}, "grid: hardware.J is an empty list; expected at least one value"),
        (GRID | {"hardware": {"b_w": [8]}}, "grid: b_w is 8; expected 16, as eyeriss-16bit has"),
        (GRID | {"hardware": {"base": "chip"}}, "chip: no such hardware; expected"),
        (GRID | {"hardware": {"J": {"from": 8, "to": 4, "step": 1}}}, "expected a range that grows"),
        (GRID | {"hardware": {"J": {"from": 1, "to": 4, "times": 1}}}, "expected a range that grows"),
        (GRID | {"hardware": {"J": {"from": 1, "to": math.inf, "step": 1}}}, "expected numbers"),
        (GRID | {"hardware": {"J": {"from": 1, "to": 1e9, "step": 1}}}, "has more than 10000 values"),
        (GRID | {"zip": [{"J": [1, 2], "K": [1]}]}, "zip.0 has lists of J 2, K 1 values; expected lists of one length"),
        (GRID | {"hardware": {"J": 8}, "zip": [{"J": [8]}]}, "J has two axes; expected one"),
        (GRID | {"constraints": "pes"}, "constraint is 'pes'; expected one such as 'pes <= 512'"),
        (GRID | {"constraints": "__class__ == 1"}, "constraint is '__class__ == 1'; expected numbers, or some of"),
    ],
)
def test_what_is_no_grid_is_refused_in_one_line(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="expected") as refused:
        grid_of(written)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
