"""Tests that would notice: small faults planted one at a time, and the tests that see them.

::

    python -m tests.mutants --seed 1 --count 200
    python -m tests.mutants --module traces/rlc.py --csv rlc.csv
    python -m tests.mutants --again rlc.csv

A *mutant* is the program with one place changed: ``<`` for ``<=``, ``+`` for ``-``, ``min`` for ``max``, a constant one
larger or smaller, ``and`` for ``or``, a condition negated, rounding down for rounding up (``-(-a // b)`` and
:func:`analytical.spans.share` round up here). Tests that concern its module, and the module's own doctests, then run on
a copy of the checkout in a temporary folder, up to the first that fails. A mutant that no test notices *survives*: a
test is missing, or the change makes no difference (``docs/mutants.md`` says which).

The draw is the same for the same seed, takes about as many places of each module, and a larger count only adds to it.
``--again`` tries those that survived in an earlier CSV, after tests were added; the modules have to be the same.

Tools that exist were tried first (August to October 2026). mutmut 3.8.1 changes no function that has a decorator,
which leaves out all compiled kernels and properties. Cosmic Ray 8.7.0 changes the checkout itself, runs one command for
all modules, and has neither ``min`` and ``max`` nor rounding, nor a sample with a seed.
"""

import ast
import csv
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]

_LAYERS = (
    "tests/simulator/machine/test_layer_run.py::test_the_compiled_loop_is_what_simpy_plays_out",
    "tests/simulator/machine/test_layer_run.py::test_where_every_tile_divides_machine_and_formulas_count_the_same",
    "tests/simulator/report/test_timeline.py::test_both_machines_tell_the_same",
)
_LATENCY = "tests/simulator/machine/test_latency.py::test_total_cycles_follow_from_those_of_passes_and_transfers"
_VALUES = (
    "tests/simulator/machine/test_layer_run.py::test_the_ofmap_is_the_convolution_bit_for_bit",
    "tests/simulator/machine/test_layer_run.py::test_the_parts_add_up",
    "tests/simulator/machine/test_layer_run.py::test_ramp_up_is_those_stalls_before_the_first_mac_of_a_pass",
    "tests/simulator/machine/test_layer_run.py::test_tiles_may_move_raw_where_that_is_shorter",
)
_CHECKS = (
    "tests/simulator/crosscheck/test_zeros.py",
    "tests/simulator/crosscheck/test_effects.py::test_no_effect_where_every_tile_divides_and_nothing_is_zero",
    "tests/simulator/crosscheck/test_effects.py::test_an_effect_shows_where_its_cause_is",
    "tests/simulator/crosscheck/test_effects.py::test_energies_then_differ_by_the_clock_alone",
    "tests/simulator/crosscheck/test_effects.py::test_each_strip_and_block_that_is_rounded_up_takes_r_less_u_rows_again",
    "tests/simulator/crosscheck/test_effects.py::test_filters_of_other_zeros_than_the_table_s_take_a_pair_more_for_each",
    "tests/simulator/crosscheck/test_check.py::test_what_has_no_name_anywhere_is_not_explained",
    "tests/simulator/crosscheck/test_check.py::test_columns_of_both_sides_have_the_order_and_the_units_that_they_are_known_by",
    "tests/simulator/crosscheck/test_check.py::test_both_sides_are_what_the_run_reports",
    "tests/simulator/crosscheck/test_check.py::test_no_residual_on_random_layers",
)

_SKIPPING = (
    "tests/simulator/test_zeros.py::test_sets_of_more_channels_than_a_mask_has_bits",
    "tests/simulator/test_zeros.py::test_a_column_without_a_mac_passes_at_once_but_for_its_psum",
    "tests/simulator/test_zeros.py::test_never_below_the_busiest_pe_s_own_work",
    "tests/simulator/test_zeros.py::test_laws_of_skipping",
    "tests/simulator/machine/test_layer_run.py::test_all_engines_agree_on_everything",
)

TESTS: dict[str, tuple[str, ...]] = {
    "traces/rlc.py": ("tests/traces/test_rlc.py", "tests/traces/test_codebook.py"),
    "analytical/counts.py": ("tests/analytical/test_counts.py",),
    "partition/cuts.py": ("tests/partition/test_cuts.py", "tests/partition/test_channel.py"),
    "analytical/mappings/tiling.py": (
        "tests/analytical/mappings/test_tiling.py",
        "tests/simulator/machine/test_schedule.py",
    ),
    "analytical/mappings/eyeriss.py": (
        "tests/analytical/mappings/test_eyeriss.py",
        "tests/analytical/mappings/test_tiling.py",
    ),
    "simulator/crosscheck/check.py": _CHECKS,
    "simulator/crosscheck/difference.py": ("tests/simulator/crosscheck/test_difference.py",),
    "simulator/crosscheck/effects.py": _CHECKS,
    "simulator/crosscheck/zeros.py": _CHECKS,
    "simulator/machine/schedule.py": ("tests/simulator/machine/test_schedule.py",),
    "simulator/machine/transfers.py": ("tests/simulator/machine/test_transfers.py", *_LAYERS),
    "simulator/machine/timeline.py": ("tests/simulator/machine/test_timeline.py", *_LAYERS),
    "simulator/machine/dram.py": ("tests/simulator/machine/test_dram.py", _LATENCY, *_LAYERS),
    "simulator/machine/engines.py": (*_LAYERS, *_VALUES, *_SKIPPING),
    "simulator/machine/timing.py": (
        "tests/simulator/machine/test_timing.py::test_a_timed_pass_is_a_stepped_one",
        *_SKIPPING,
    ),
    "simulator/machine/loop.py": (_LATENCY, *_LAYERS),
    "simulator/machine/kernels.py": (
        "tests/simulator/machine/test_kernels.py",
        "tests/simulator/machine/test_timing.py::test_a_timed_pass_is_a_stepped_one",
        "tests/simulator/machine/test_pe_array.py",
        *_VALUES,
        *_SKIPPING,
    ),
    "simulator/machine/fast_run.py": ("tests/simulator/machine/test_dram.py", *_LAYERS),
    "simulator/machine/layer_run.py": (_LATENCY, *_LAYERS, *_VALUES),
}
"""Modules that are changed, and the tests that concern each, fast ones first."""

_COMPARED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
}
_REPLACED: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.FloorDiv(),
    ast.FloorDiv: ast.Mult(),
    ast.Div: ast.Mult(),
}
_NAMED = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "ceil": "floor",
    "floor": "ceil",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One place of a module, and what stands there instead.

    Attributes
    ----------
    module : str
        Path of the module from the root.
    line : int
        From 1.
    start, stop : int
        Bytes of the module's text that are replaced.
    before, after : str
        What stands there, and what is put there.
    """

    module: str
    line: int
    start: int
    stop: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {_on_one_line(self.before)} -> {_on_one_line(self.after)}"

    @property
    def key(self) -> tuple[str, ...]:
        """How a CSV knows it."""
        return self.module, str(self.line), str(self.start), self.before, self.after

    def text(self, source: bytes) -> bytes:
        """The module's text with the change."""
        # in parentheses, so that the change binds as what stood there did; a statement needs none, and takes none
        after = self.after if "= " in self.after else f"({self.after})"
        return source[: self.start] + after.encode() + source[self.stop :]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a mutant: the test that noticed it, nothing (it survived), or how its run ended otherwise."""

    mutant: Mutant
    noticed_by: str
    seconds: float

    def __str__(self) -> str:
        came = f"killed by {self.noticed_by}" if self.noticed_by else "SURVIVED"
        return f"{self.mutant}  {came} ({self.seconds:.0f} s)"


def mutants_of(module: str, source: bytes) -> list[Mutant]:
    """All mutants of a module, in the order of their places.

    Examples
    --------
    >>> [str(mutant) for mutant in mutants_of("m.py", b"most = max(a, b) - c")]
    ['m.py:1: max(a, b) - c -> max(a, b) + c', 'm.py:1: max -> min']
    """
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: dict[tuple[int, int, str], Mutant] = {}
    for node, after in _changes(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        stop = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        before = source[start:stop].decode()
        if _on_one_line(before) != after:
            mutant = Mutant(module, node.lineno, start, stop, before, after)
            found.setdefault((start, stop, after), mutant)
    return list(found.values())


def _changes(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Nodes that are replaced, each with the text that replaces it."""
    for node in _of_the_program(tree):
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield from _negated(node.test)
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield from _negated(test)
        elif isinstance(node, ast.Compare):
            for at, op in enumerate(node.ops):
                ops = [*node.ops[:at], _COMPARED[type(op)], *node.ops[at + 1 :]]
                yield node, ast.unparse(ast.Compare(node.left, ops, node.comparators))
        elif isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, ast.unparse(ast.BoolOp(other, node.values))
        elif isinstance(node, ast.BinOp) and type(node.op) in _REPLACED:
            yield node, ast.unparse(ast.BinOp(node.left, _REPLACED[type(node.op)], node.right))
        elif isinstance(node, ast.AugAssign) and type(node.op) in _REPLACED:
            yield node, ast.unparse(ast.AugAssign(node.target, _REPLACED[type(node.op)], node.value))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            lower = _rounded_down(node.operand)
            if lower is not None:
                yield node, ast.unparse(lower)
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield node, str(not node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            yield node, str(node.value + 1)
            yield node, str(node.value - 1)
        elif isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in _NAMED and (isinstance(node.func, ast.Name) or node.args):
                yield node.func, ast.unparse(node.func).removesuffix(name) + _NAMED[name]
            elif name == "share" and len(node.args) == 2:
                yield node, ast.unparse(ast.BinOp(node.args[0], ast.FloorDiv(), node.args[1]))


def _of_the_program(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that say what is computed: no types, no decorators, no messages, no other text."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.Raise | ast.JoinedStr | ast.Assert):
                continue
            if isinstance(child, ast.FunctionDef) and child.name in {"__repr__", "__str__"}:
                continue
            if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
                continue
            # zip(strict=True) only says what is so
            if isinstance(child, ast.keyword) and child.arg == "strict":
                continue
            yield child
            yield from _of_the_program(child)


def _negated(test: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    # of == and the like, swapping the comparison is the same
    if not (isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn)):
        yield test, ast.unparse(ast.UnaryOp(ast.Not(), test))


def _rounded_down(node: ast.expr) -> ast.expr | None:
    """``a // b`` of the ``-a // b`` in ``-(-a // b)``."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv)):
        return None
    left = _without_minus(node.left)
    return None if left is None else ast.BinOp(left, node.op, node.right)


def _without_minus(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        left = _without_minus(node.left)
        return None if left is None else ast.BinOp(left, node.op, node.right)
    return None


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def draw(modules: list[str], seed: int, count: int) -> list[Mutant]:
    """So many mutants, about as many of each module, by module and place."""
    lots = []
    for module in modules:
        lot = mutants_of(module, (ROOT / module).read_bytes())
        # by itself, so that it does not matter which other modules are drawn from
        random.Random(f"{seed} {module}").shuffle(lot)
        lots.append(lot)
    # dealt in turns, so that a larger count has all of a smaller one
    deals = [lot[turn] for turn in range(max(map(len, lots), default=0)) for lot in lots if turn < len(lot)]
    return sorted(deals[:count], key=lambda mutant: (modules.index(mutant.module), mutant.start, mutant.after))


class Checkout:
    """A copy of the checkout, in which one module at a time is changed.

    Parameters
    ----------
    folder : Path
        Empty; the copy goes there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns(".git", ".venv", "venv", "build", "dist", "docs", ".*_cache", ".hypothesis")
        # kernels that are compiled already come along, and their sources with the times by which Numba knows them
        shutil.copytree(ROOT, folder, dirs_exist_ok=True, ignore=ignored)
        self._time = time.time()

    def tests(self, module: str, limit: float) -> str:
        """Run the tests that concern a module; the one that fails, if any does."""
        targets = [module, *TESTS[module]]
        options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-profile", "mutants", "-rfE"]
        env = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
        env |= {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400"}
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, "--tb=no", *targets],
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # a group of its own, so that what its tests have started ends with it
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=limit)
        except BaseException as error:
            # too long, or somebody interrupts us
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                return f"the limit of {limit:g} s"
            raise
        if process.returncode == 0:
            return ""
        failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", printed, re.MULTILINE)
        return failed[1] if failed else f"pytest's exit code {process.returncode}"

    def outcome(self, mutant: Mutant, limit: float) -> Outcome:
        """Plant a mutant, run the tests, and take it out again."""
        path = self.folder / mutant.module
        source, stat = path.read_bytes(), path.stat()
        kept = {file: file.read_bytes() for file in self._compiled(path)}
        began = time.monotonic()
        try:
            path.write_bytes(mutant.text(source))
            # no two changes at one time: Numba knows a source by its size and time
            self._time += 1
            os.utime(path, (self._time, self._time))
            noticed_by = self.tests(mutant.module, limit)
        finally:
            path.write_bytes(source)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            # and kernels as they were, so that the next module's tests compile nothing
            for file in self._compiled(path):
                file.unlink()
            for file, content in kept.items():
                file.write_bytes(content)
        return Outcome(mutant, noticed_by, time.monotonic() - began)

    @staticmethod
    def _compiled(path: Path) -> list[Path]:
        return list((path.parent / "__pycache__").glob(f"{path.stem}.*"))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", default=1, show_default=True, help="Of the draw.")
@click.option("--count", default=200, show_default=True, help="How many mutants, at most.")
@click.option("--module", "modules", multiple=True, type=click.Choice(list(TESTS)), help="Only these modules.")
@click.option("--limit", default=120.0, show_default=True, help="Seconds for a mutant's tests; beyond, it is noticed.")
@click.option("--csv", "csv_path", type=click.Path(dir_okay=False, path_type=Path), help="Write outcomes there.")
@click.option("--again", type=click.Path(exists=True, path_type=Path), help="Only survivors of that CSV.")
def main(
    seed: int, count: int, modules: tuple[str, ...], limit: float, csv_path: Path | None, again: Path | None
) -> None:
    """Plant faults one at a time, and see which test notices each."""
    chosen = list(modules) or list(TESTS)
    drawn = draw(chosen, seed, count)
    if again is not None:
        with again.open(newline="") as file:
            survived = {tuple(row[:5]) for row in csv.reader(file) if not row[5]}
        everything = (mutant for module in chosen for mutant in mutants_of(module, (ROOT / module).read_bytes()))
        drawn = [mutant for mutant in everything if mutant.key in survived]
    outcomes: list[Outcome] = []
    rows = csv_path.open("w", newline="") if csv_path else open(os.devnull, "w")  # noqa: SIM115
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, rows:
        checkout = Checkout(Path(folder))
        writer = csv.writer(rows)
        writer.writerow(["module", "line", "start", "before", "after", "noticed_by", "seconds"])
        for module in chosen:
            lot = [mutant for mutant in drawn if mutant.module == module]
            # first without a change: what fails then notices nothing, and kernels are compiled for all that follow
            if lot:
                began = time.monotonic()
                if failed := checkout.tests(module, 10 * limit):
                    raise click.ClickException(f"{module}: tests must pass without a change, but {failed}")
                click.echo(f"{module}: without a change, tests take {time.monotonic() - began:.0f} s")
            for mutant in lot:
                outcome = checkout.outcome(mutant, limit)
                outcomes.append(outcome)
                click.echo(str(outcome))
                writer.writerow([*mutant.key, outcome.noticed_by, f"{outcome.seconds:.1f}"])
                rows.flush()
    click.echo(summary(outcomes))


def summary(outcomes: list[Outcome]) -> str:
    """Mutants and survivors, module by module."""
    tried = Counter(outcome.mutant.module for outcome in outcomes)
    survived = Counter(outcome.mutant.module for outcome in outcomes if not outcome.noticed_by)
    lines = [f"{module}: {number} mutants, {survived[module]} survived" for module, number in tried.items()]
    return "\n".join([*lines, f"all: {tried.total()} mutants, {survived.total()} survived"])


if __name__ == "__main__":
    main()
