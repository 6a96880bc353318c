"""``python -m simulator sweep``: a design space."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from analytical.errors import InputError
from analytical.terminal.options import WholeRange, command, csv_option
from analytical.terminal.outputs import as_csv, check_writable, write_chosen
from simulator.commands.cache import folder_option


@command()
@click.argument("grid")
@click.option("--out", metavar="SWEEP.h5", required=True, help="The file to make.")
@click.option("--jobs", type=WholeRange(1, 1024), default=1, show_default=True, help="Processes.")
@click.option("--dask", metavar="ADDRESS", help="A Dask scheduler whose workers do the work, in place of processes.")
@click.option("--resume", is_flag=True, help="Go on where a sweep stopped.")
@folder_option
@csv_option
def sweep(
    grid: str, out: str, jobs: int, dask: str | None, resume: bool, cache: Path | None, csv_file: str | None
) -> None:
    """Run a GRID (.toml) of networks, hardware, mappings and batches through the machine, each layer once.

    \b
    python -m simulator sweep examples/sweep.toml --out sweep.h5 --jobs 2
    python -m simulator sweep examples/sweep.toml --out sweep.h5 --jobs 2 --resume
    python -m simulator pareto sweep.h5
    """
    if not out.endswith((".h5", ".hdf5")):
        raise InputError(f"--out is {out}; expected a name that ends in .h5")
    if dask is not None and jobs > 1:
        raise InputError("--dask is given with --jobs; expected one of them")
    check_writable(out, csv_file, inputs=(grid,))
    from analytical.sweeps.grid import load_grid

    loaded = load_grid(grid)
    from simulator.sweeps.sweep import sweep as run_grid  # brings the machine
    from simulator.tables.progress import sweep_bar

    with ExitStack() as open_:
        executor: Any = open_.enter_context(_dask(dask)).get_executor() if dask is not None else None
        tell = open_.enter_context(sweep_bar())
        done = run_grid(loaded, out, jobs=jobs, executor=executor, resume=resume, cache=cache, tell=tell)
    if write_chosen((csv_file, lambda: as_csv(done.rows()))):
        return
    from analytical.terminal.tables import people_console
    from simulator.tables.sweeps import print_sweep

    print_sweep(people_console(), done)


def _dask(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError('dask is not installed; expected pip install "eyeriss-neupart[dask]"') from error
    try:
        client: Any = Client
        return client(address, timeout=10)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"--dask is {address}; expected the address of a scheduler, as in tcp://host:8786") from error
