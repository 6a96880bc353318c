"""``python -m simulator cache``: what runs found, kept for the next time."""

from pathlib import Path

import click

from analytical.terminal.options import command
from simulator.cache import Cache, default_folder

folder_option = click.option(
    "--cache",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder that keeps runs.  [default: eyeriss-neupart in your cache folder]",
)


@command()
@click.argument("what", type=click.Choice(["info", "clear"]))
@folder_option
def cache(what: str, cache: Path | None) -> None:
    """Say what is kept of runs for the next time (info), or delete it (clear).

    Kept are the runs of sweeps and of partition's source simulated. NEUPART_CACHE_MIB says how large all of it may be.

    \b
    python -m simulator cache info
    """
    kept = Cache(cache or default_folder())
    if what == "clear":
        click.echo(f"{kept.clear()} files deleted: {kept.folder}")
        return
    info = kept.info()
    click.echo(
        f"{info.files} files, {info.bytes / 2**20:.1f} MiB of at most {info.limit / 2**20:.0f} MiB: {info.folder}"
    )
