"""A thousand mutated inputs through the commands; ``python -m tests.fuzz`` has as many as anybody wants."""

from collections.abc import Iterator

import pytest

from tests.fuzz.cases import World, names
from tests.fuzz.kinds import kinds
from tests.fuzz.law import broken_by

CASES = 1050
"""Of all kinds together."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("kind", "command"), [(kind.name, command) for kind in kinds() for command in range(len(kind.commands))]
)
def test_what_nobody_mutated_is_answered(kind: str, command: int, world: World) -> None:
    found = world.good(world.kinds[kind], world.kinds[kind].commands[command])
    assert (found.status, found.broken) == (0, ""), found.errors


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", names())
def test_a_mutated_input_is_answered_or_refused_in_one_line(kind: str, world: World) -> None:
    each = CASES // len(names())
    broken = [case for case in world.cases(each, 0, kind) if case.outcome.broken]
    assert not broken, broken[0]


def test_mutations_are_neither_all_noise_nor_none(world: World) -> None:
    for name in ("hardware", "run in JSON"):
        assert {case.outcome.status for case in world.cases(30, 10_000, name)} == {0, 2}, name


@pytest.mark.parametrize(
    ("said", "law"),
    [
        ("one\nerror: two; expected\n", "2 lines"),
        ("no file\n", "no error"),
        (f"error: {'x' * 300}; expected y\n", "characters"),
        ("error: \x1b[2J; expected y\n", "characters that a terminal obeys"),
        ("error: no\n", "does not say what was expected"),
        ("error: it is wrong; expected right\n", "names none of net.csv"),
        ("error: net.csv: it is wrong; expected right\n", ""),
    ],
)
def test_the_law_has_teeth(said: str, law: str) -> None:
    assert law in broken_by(said, ["net.csv"])
    assert bool(broken_by(said, ["net.csv"])) == bool(law)
