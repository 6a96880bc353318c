"""``python -m tests.fuzz --cases 100000 --seed 1``: inputs of every kind, mutated, through the commands.

Prints each case that breaks the law, with what makes it again (``--kind "hardware" --seed 17 --cases 1``), and at last
how many of each kind were answered and refused. Exit status 1 if any broke it.
"""

import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import click

from tests.fuzz.cases import names, run


@click.command()
@click.option("--cases", default=3000, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--kind", type=click.Choice(names()), help="One kind of input.  [default: all in turn]")
@click.option("--jobs", default=1, show_default=True, help="Processes.")
@click.option("--keep", metavar="FOLDER", help="Keep the inputs of cases that break the law.")
def main(cases: int, seed: int, kind: str | None, jobs: int, keep: str | None) -> None:
    """Mutate inputs of every kind, and hold the commands to the law."""
    size = 500
    work = [(min(size, cases - first), seed + first, kind) for first in range(0, cases, size)]
    total: dict[str, Counter[str]] = {}
    number = 0
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for found, broken in pool.map(run, *zip(*work, strict=True)):
            for name, ended in found.items():
                total.setdefault(name, Counter()).update(ended)
            for name, of_seed, arguments, law, errors, data in broken:
                number += 1
                click.echo(f"--- {name}, seed {of_seed}: {arguments}\n{law}\n{errors!r}\n{data[:300]!r}")
                if keep is not None:
                    Path(keep).mkdir(exist_ok=True)
                    Path(keep, f"{number}").write_bytes(data)
    for name, ended in total.items():
        click.echo(
            f"{name:24} " + ", ".join(f"{ended[word]} {word}" for word in ("answered", "checked", "refused", "broken"))
        )
    click.echo(f"{sum(sum(ended.values()) for ended in total.values())} cases, {number} broke the law")
    sys.exit(1 if number else 0)


if __name__ == "__main__":
    main()
