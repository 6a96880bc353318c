"""A grid through the machine: each layer mapped once, each run made once, everything on disk as it is found."""

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice, product
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from analytical.files.json import parse_json
from analytical.files.seal import sealed, unsealed
from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings import Tiling
from analytical.network import Network
from analytical.sweeps.grid import Grid, Point, load_grid, network_of
from simulator.cache import Cache, default_folder
from simulator.provenance import program
from simulator.runner import run_network
from simulator.settings import Settings
from simulator.sweeps import jobs as work
from simulator.sweeps.facts import Facts
from simulator.sweeps.file import SweepFile, read_sweep, write_sweep
from simulator.sweeps.jobs import Job, Ran, jobs_of, settings_of
from simulator.sweeps.journal import Journal, SweepError

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

JOBS_TO_MAP = 32
"""Layers that a worker maps at a time."""

RUNS_TOGETHER = 64
"""Runs of one layer that a worker makes at a time, of the same values, which it makes once."""

MOST_TILINGS = 20_000
"""Mapped layers that are kept in memory until they run."""

_AT_ONCE = 1000
"""Runs that are looked for in the cache at a time."""

ATTEMPTS = 5
"""Times that a pool of processes is made anew after one of them was killed."""


@dataclass(frozen=True, slots=True)
class Told:
    """How far a sweep has come.

    Attributes
    ----------
    step : str
        What is being done.
    done, of : int
        Layers that are, of all.
    under_way : str
        What workers have in hand.
    """

    step: str
    done: int
    of: int
    under_way: str


Tell = Callable[[Told], None]
"""Told whenever something is done."""


def sweep(
    grid: Grid | str | Path,
    out: str | Path,
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    resume: bool = False,
    cache: str | Path | None = None,
    tell: Tell | None = None,
) -> SweepFile:
    """Run a grid of networks, hardware, mappings, batches and seeds through the machine, and write what came of it.

    A layer that several points have in common runs once, also where they differ in prices alone. What is found is kept
    at once in a journal beside the file (``sweep.h5.part``), which goes when the file is there.

    Parameters
    ----------
    grid : Grid, str or Path
        A grid, or the file of one.
    out : str or Path
        The file to make (.h5); whatever the order in which points were done, it is the same.
    jobs : int
        Processes.
    executor : concurrent.futures.Executor, optional
        Of your own, in place of processes; it may be on other computers, on which the program is installed.
    resume : bool
        Go on with the journal that is there, or find that the file is complete.
    cache : str or Path, optional
        Folder that keeps runs for other sweeps; default: ``eyeriss-neupart`` in the user's cache folder.
    tell : callable, optional
        Told how far it has come.

    Returns
    -------
    SweepFile
        The points, as the file has them. Points that cannot be mapped are among them, with the reason.

    Raises
    ------
    SweepError
        A journal is there, and ``resume`` was not said; or what is there is of another grid or program.
    GridError, NetworkError
        The grid or a network of it cannot be.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from analytical.sweeps.grid import grid_of
    >>> with TemporaryDirectory() as folder:
    ...     grid = grid_of({"networks": "resnet8", "hardware": {"base": "eyeriss-8bit", "K": [7, 14]}})
    ...     rows = sweep(grid, Path(folder, "sweep.h5")).rows()
    >>> [row["pes"] for row in rows], rows[0]["energy_J"] > 0
    ([84, 168], True)
    """
    grid = grid if isinstance(grid, Grid) else load_grid(grid)
    out = Path(out)
    _require(grid)
    about = {"grid": grid.digest(), "program": program()}
    journal_path = out.with_name(out.name + ".part")
    if resume and out.exists() and not journal_path.exists():
        done = read_sweep(out)
        if done.about != about:
            raise SweepError(f"{out}: is a sweep of another grid or program; expected that of this one, or no --resume")
        return done
    if not resume and journal_path.exists():
        raise SweepError(f"{journal_path}: is an unfinished sweep; expected --resume to go on with it, or no such file")
    journal = Journal(journal_path, about)
    try:
        with _workers(jobs, executor) as workers:
            kept = Cache(Path(cache) if cache is not None else default_folder())
            _find(grid, journal, workers, kept, tell or (lambda _told: None))
        log.info("%s", _said(journal.counts()))
        write_sweep(out, grid, about, journal)
    finally:
        journal.close()
    journal_path.unlink(missing_ok=True)
    return read_sweep(out)


def _said(counts: dict[str, int]) -> str:
    return f"{counts['jobs']} layers of points, {counts['runs']} runs: {counts['jobs'] - counts['runs']} saved"


def _require(grid: Grid) -> None:
    """Refuse, before any work, what is wrong in all points."""
    chip = next((chip.hardware for chip in grid.chips() if chip.hardware is not None), None)
    if chip is None:
        raise SweepError("the grid has no hardware that can exist and meets the constraints; expected at least one")
    for network, mapping, batch, seed in product(grid.networks, grid.mappings, grid.batches, grid.seeds):
        settings_of(network, _wide_enough(grid, chip, network), mapping, batch, seed)


def _wide_enough(grid: Grid, chip: Hardware, network: str) -> Hardware:
    """A hardware of the grid on which a network's values can be, for the look at its settings."""
    trace = network_of(network).trace
    if trace is None or chip.b_w == trace.bits:
        return chip
    fits = (c.hardware for c in grid.chips() if c.hardware is not None and c.hardware.b_w == trace.bits)
    return next(fits, chip)


class _Workers:
    """Where work is done: here, or by an executor, which is made anew if its processes are killed."""

    def __init__(
        self, make: Callable[[], Executor] | None, given: Executor | None, count: int, compiling: Thread | None
    ) -> None:
        self._make, self._given, self._compiling = make, given, compiling
        self._executor = given if given is not None else make() if make is not None else None
        self._count = count
        self._attempts = 0

    def compiled(self) -> None:
        """Wait until the kernels are compiled, so that workers find them so and do not all compile the same."""
        if self._compiling is not None:
            self._compiling.join()

    def map(self, function: Callable[[T], R], chunks: Iterable[T]) -> Iterator[R]:
        """Results as they come, a few chunks ahead."""
        if self._executor is None:
            for chunk in chunks:
                yield function(chunk)
            return
        waiting = iter(chunks)
        # chunks to hand out, those of a pool that broke among them, and chunks that somebody works on
        todo: list[T] = []
        pending: dict[Future[R], T] = {}
        while True:
            todo += islice(waiting, max(0, 2 * self._count - len(pending) - len(todo)))
            broken = False
            try:
                while todo:
                    pending[self._executor.submit(function, todo[-1])] = todo[-1]
                    todo.pop()
            except BrokenProcessPool:
                broken = True
            if not pending and not broken:
                return
            finished, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in finished:
                chunk = pending.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    todo.append(chunk)
                    broken = True
            if broken:
                # a pool that has lost a process does nothing more: all that it had in hand is given to a new one
                todo += pending.values()
                pending = {}
                self._renew()

    def _renew(self) -> None:
        self._attempts += 1
        if self._make is None or self._attempts > ATTEMPTS:
            raise SweepError("worker processes were killed again and again (by a lack of memory?); --resume goes on")
        log.warning("a worker process was killed: its work is done again")
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._make()

    def close(self) -> None:
        """End processes that were made here."""
        if self._given is None and self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _workers(jobs: int, executor: Executor | None) -> Iterator[_Workers]:
    make = None
    compiling = None
    if executor is None and jobs > 1:
        # while the workers start and map, which needs no kernel
        compiling = Thread(target=warm_up, daemon=True)
        compiling.start()
        make = lambda: ProcessPoolExecutor(jobs, get_context("spawn"))  # noqa: E731
    # an executor of one's own does not say how many it works for
    count = jobs if executor is None else max(jobs, getattr(executor, "_max_workers", 32))
    workers = _Workers(make, executor, count, compiling)
    try:
        with _environment(_ONE_THREAD if make is not None else {}):
            yield workers
    finally:
        workers.close()


def warm_up() -> None:
    """Compile the kernels, by running a small layer."""
    layer = Layer.conv("L", channels=2, size=6, filters=2, filter=3, padding=1, sparsity_ifmap=0.5)
    run_network(Settings(network=Network("small", (layer,)), hardware=EYERISS_16BIT))


_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
"""What tells a worker process to use one thread: there are as many of them as processors were meant to work."""


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Variables that processes which start meanwhile have; libraries read them when they are imported."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _find(grid: Grid, journal: Journal, workers: _Workers, cache: Cache, tell: Tell) -> None:
    """Fill the journal: jobs of all points, how they lie, what they say."""
    for _, points in groupby(grid.points(), key=lambda point: point.chip.number):
        journal.add_jobs(
            (key, point.network, layer, point.chip.number, point.mapping, point.batch, point.seed)
            for point in points
            for layer, key in _layers_of(point)
        )
    total = journal.counts()["jobs"]
    made = _maker(grid)
    mapped = 0
    # mapping again what a run needs would take as long as a short run; of very many, most are mapped again
    tilings: dict[bytes, Tiling] = {}
    unlaid = (made(*row) for row in journal.unlaid())
    for laid in workers.map(work.lay, _chunks(unlaid, JOBS_TO_MAP)):
        journal.laid(laid)
        for one in laid:
            if one.run is not None and one.tiling is not None and len(tilings) < MOST_TILINGS:
                tilings.setdefault(one.run, one.tiling)
        mapped += len(laid)
        tell(Told("mapping", mapped, total, f"{len(laid)} layers at a time"))
    runs = journal.unrun()
    # other sweeps may have made some
    for some in _chunks(runs, _AT_ONCE):
        journal.ran(known for run, *_ in some if (known := _known(cache, run)) is not None)
    known_before, runs = len(runs), journal.unrun()
    if len(runs) < known_before:
        log.info("%d runs are known from before", known_before - len(runs))
    counts = journal.counts()
    done = counts["done"]
    # runs of one layer together, since they share its values
    of_layer = groupby(runs, key=lambda each: each[1:])
    chunks = (chunk for _, of in of_layer for chunk in _chunks(of, RUNS_TOGETHER))
    jobs = ([(run, made(*journal.job_of(run)), tilings.pop(run, None)) for run, *_ in chunk] for chunk in chunks)
    workers.compiled()
    for ran in workers.map(work.run, jobs):
        journal.ran(ran)
        for each in ran:
            if each.facts is not None:
                cache.keep(_name(each.run), json.dumps(sealed(each.facts), sort_keys=True).encode(), sync=False)
        done += len(ran)
        tell(Told("running", done, counts["runs"], "layers"))


def _name(run: bytes) -> str:
    """Of a run in the cache: made of the run, and of the program."""
    return f"{work.digest(run, program()).hex()}.json"


def _known(cache: Cache, run: bytes) -> Ran | None:
    """What the cache says of a run; nothing, if it is not there, or is no such thing."""
    name = _name(run)
    try:
        kept = parse_json(cache.path(name).read_text(encoding="utf-8"))
        facts = Facts.read(unsealed(kept))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    cache.asked(name)
    return Ran(run, facts.record())


def _layers_of(point: Point) -> list[tuple[str, bytes]]:
    jobs = jobs_of(point)
    return [] if isinstance(jobs, str) else jobs


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def _maker(grid: Grid) -> Callable[..., Job]:
    """Makes a job of its row in the journal."""

    @lru_cache(maxsize=1024)
    def hardware(number: int) -> Any:
        chip = grid.chip(number)
        return None if chip is None else chip.hardware

    def made(key: bytes, network: str, layer: str, chip: int, mapping: str, batch: int | None, seed: int) -> Job:
        return Job(
            key=key, network=network, layer=layer, hardware=hardware(chip), mapping=mapping, batch=batch, seed=seed
        )

    return made
