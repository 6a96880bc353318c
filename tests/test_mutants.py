"""Mutants: places change one at a time, and nothing else does."""

import ast

import pytest

from tests.mutants import ROOT, TESTS, draw, mutants_of

SOURCE = b"""
def f(a: int, b: int = 2) -> int:
    \"\"\"What + is said.\"\"\"
    if a < b and not a:
        raise ValueError(f"{a + 1}")
    total = -(-a // b) if a else max(a, b)
    total += 1
    return total * (a - b)
"""


def test_every_kind_of_change() -> None:
    changes = {(mutant.before, mutant.after) for mutant in mutants_of("m.py", SOURCE)}
    assert changes == {
        ("2", "3"),
        ("2", "1"),
        ("a < b and not a", "not (a < b and (not a))"),
        ("a < b and not a", "a < b or not a"),
        ("a < b", "a <= b"),
        ("a", "not a"),
        ("-(-a // b)", "a // b"),
        ("-a // b", "-a * b"),
        ("max", "min"),
        ("total += 1", "total -= 1"),
        ("1", "2"),
        ("1", "0"),
        ("total * (a - b)", "total // (a - b)"),
        ("a - b", "a + b"),
    }


@pytest.mark.parametrize("module", TESTS)
def test_mutants_of_the_program_are_other_programs(module: str) -> None:
    source = (ROOT / module).read_bytes()
    own = ast.dump(ast.parse(source))
    for mutant in draw([module], 0, 20):
        assert ast.dump(ast.parse(mutant.text(source))) != own, mutant


def test_tests_that_are_run_exist() -> None:
    for test in {test for tests in TESTS.values() for test in tests}:
        file, _, name = test.partition("::")
        assert not name or f"def {name}(" in (ROOT / file).read_text(), test
        assert (ROOT / file).exists(), test


def test_a_larger_count_adds_to_the_draw() -> None:
    modules = ["traces/rlc.py", "partition/cuts.py"]
    small, large = draw(modules, 1, 10), draw(modules, 1, 20)
    assert len(small) == 10
    assert set(small) < set(large)
    assert {mutant.module for mutant in small} == set(modules)
    assert draw(modules, 2, 10) != small
