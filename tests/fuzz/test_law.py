"""3,000 mutated inputs through the commands; ``python -m tests.fuzz --cases 100000`` has as many as anybody wants."""

from collections.abc import Iterator

import pytest

from tests.fuzz.cases import OPTIONS, World, names
from tests.fuzz.kinds import kinds

CASES = 3000
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


def test_the_law_has_teeth(world: World) -> None:
    """Cases of each kind are refused, and some are answered: the mutations are neither all noise nor none."""
    for name in (*(kind.name for kind in kinds()), OPTIONS):
        ends = {case.outcome.status for case in world.cases(40, 10_000, name)}
        assert 2 in ends, name
