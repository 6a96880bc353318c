"""How far a run has come, for who watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from analytical.layer import Layer
from simulator.session import Settings


@contextmanager
def progress_bar(settings: Settings) -> Iterator[Callable[[Layer], Callable[[int], None]]]:
    """A bar on standard error that grows with the MACs of the passes; nothing where nobody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        macs = sum(layer.macs * settings.images(layer) for layer in settings.network.layers)
        task = bar.add_task("", total=macs)

        def start(layer: Layer) -> Callable[[int], None]:
            bar.update(task, description=layer.name)
            return lambda macs: bar.advance(task, macs)

        yield start
