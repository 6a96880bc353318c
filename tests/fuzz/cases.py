"""Cases: an input of some kind, mutated by a seed, through a command that reads it."""

import logging
import os
import random
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.fuzz.kinds import COMMAND_LINES, Kind, kinds, make_neighbours
from tests.fuzz.law import Outcome, outcome_of
from tests.fuzz.mutate import mutated_arguments

OPTIONS = "command line"
"""The kind of input that is no file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A case, and how it ended.

    Attributes
    ----------
    kind : str
    seed : int
        Makes the same case again.
    arguments : list of str
    file : Path or None
        What was mutated.
    outcome : Outcome
    """

    kind: str
    seed: int
    arguments: list[str]
    file: Path | None
    outcome: Outcome


class World:
    """A folder with an input of each kind as it should be, and what commands read beside it."""

    def __init__(self) -> None:
        self.folder = Path(mkdtemp(prefix="fuzz-"))
        self.kinds = {kind.name: kind for kind in kinds()}
        make_neighbours(self.folder)
        # no mutated file may have the name of one that other commands read
        assert not {kind.file for kind in self.kinds.values()} & set(os.listdir(self.folder))
        self._whole: dict[str, bytes] = {}

    def close(self) -> None:
        """Delete it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def whole(self, kind: Kind) -> bytes:
        """An input as it should be."""
        if kind.name not in self._whole:
            path = self.folder / kind.file
            kind.make(path)
            self._whole[kind.name] = path.read_bytes()
        return self._whole[kind.name]

    def good(self, kind: Kind, command: Sequence[str]) -> Outcome:
        """How a command ends with an input that nobody mutated."""
        (self.folder / kind.file).write_bytes(self.whole(kind))
        return outcome_of([kind.file if word == "@" else word for word in command], self.folder)

    def case(self, name: str, seed: int) -> Case:
        """One case."""
        dice = random.Random(f"{name} {seed}")
        if name == OPTIONS:
            arguments = mutated_arguments(dice.choice(COMMAND_LINES), dice)
            return Case(
                kind=name, seed=seed, arguments=arguments, file=None, outcome=outcome_of(arguments, self.folder)
            )
        kind = self.kinds[name]
        path = self.folder / kind.file
        path.write_bytes(self.whole(kind))
        kind.mutate(path, dice)
        arguments = [kind.file if word == "@" else word for word in dice.choice(kind.commands)]
        outcome = outcome_of(arguments, self.folder, kind.named)
        return Case(kind=name, seed=seed, arguments=arguments, file=path, outcome=outcome)

    def cases(self, count: int, seed: int = 0, only: str | None = None) -> Iterator[Case]:
        """So many cases, of all kinds in turn.

        Parameters
        ----------
        count : int
        seed : int
            Of the first case; each next one has the next.
        only : str, optional
            One kind.
        """
        names = [only] if only is not None else [*self.kinds, OPTIONS]
        for number in range(count):
            yield self.case(names[number % len(names)], seed + number)


@cache
def names() -> tuple[str, ...]:
    """Kinds of input."""
    return (*(kind.name for kind in kinds()), OPTIONS)


def tally(cases: Sequence[Case]) -> dict[str, Counter[str]]:
    """By kind, how many were answered, refused, and broke the law."""
    found: dict[str, Counter[str]] = {}
    for case in cases:
        of_kind = found.setdefault(case.kind, Counter())
        ended = (
            "broken" if case.outcome.broken else {0: "answered", 1: "checked", 2: "refused"}[case.outcome.status or 0]
        )
        of_kind[ended] += 1
    return found


Broken = tuple[str, int, list[str], str, str, bytes]


def run(count: int, seed: int, kind: str | None) -> tuple[dict[str, Counter[str]], list[Broken]]:
    """So many cases, in this process."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    world = World()
    try:
        total: dict[str, Counter[str]] = {}
        broken: list[Broken] = []
        for case in world.cases(count, seed, kind):
            for name, ended in tally([case]).items():
                total.setdefault(name, Counter()).update(ended)
            if case.outcome.broken:
                data = case.file.read_bytes() if case.file is not None and case.file.exists() else b""
                broken.append(
                    (case.kind, case.seed, case.arguments, case.outcome.broken, case.outcome.errors[:400], data)
                )
        return total, broken
    finally:
        world.close()
