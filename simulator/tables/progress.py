"""How far a run has come, for who watches."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from analytical.layer import Layer
from analytical.terminal.options import is_quiet
from simulator.runner import Advance, Progress, Work, plan
from simulator.settings import Settings
from simulator.sweeps.sweep import Tell, Told


@contextmanager
def progress_bar(settings: Settings) -> Iterator[Progress]:
    """A bar on standard error that grows with the work of the layers; nothing where nobody watches.

    Parameters
    ----------
    settings : Settings
        Of the run that follows; where somebody watches, its layers are mapped here once more, to know their work.

    Yields
    ------
    callable
        What :func:`simulator.runner.run_network` takes as its progress.

    Raises
    ------
    MappingError
        A layer does not fit the hardware; where nobody watches, the run itself says so.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    disable = is_quiet() or not console.is_terminal
    # transient: once done, the bar leaves no line above the tables
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True, disable=disable) as bar:
        watched = [] if disable else plan(settings)
        task = bar.add_task("", total=sum(Work.expected(planned, settings.engine).total for planned in watched))

        def start(layer: Layer) -> Advance:
            bar.update(task, description=layer.name)
            return lambda seconds: bar.advance(task, seconds)

        yield start


@contextmanager
def sweep_bar() -> Iterator[Tell]:
    """A bar on standard error that grows with the layers of a sweep, with their rate; nothing where nobody watches.

    Yields
    ------
    callable
        What :func:`simulator.sweeps.sweep.sweep` takes to tell how far it has come.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} layers, {task.fields[rate]}"),
    )
    disable = is_quiet() or not console.is_terminal
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True, disable=disable) as bar:
        task = bar.add_task("", total=1, rate="")
        began: dict[str, tuple[float, int]] = {}

        def tell(told: Told) -> None:
            start, first = began.setdefault(told.step, (perf_counter(), told.done))
            passed = perf_counter() - start
            rate = f"{(told.done - first) / passed:.1f} a second" if passed > 1 else ""
            bar.update(task, description=f"{told.step} {told.under_way}", completed=told.done, total=told.of, rate=rate)

        yield tell
