"""``python -m partition schedules``: schedules for many conditions, solved beforehand, of which a few are kept."""

from typing import Any

import click

from analytical.errors import InputError
from analytical.files.seal import sealed
from analytical.terminal.errors import CHECK_FAILED
from analytical.terminal.options import (
    WholeRange,
    bits_option,
    csv_option,
    network_argument,
    network_command,
    rules_option,
    seed_option,
)
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen
from partition.commands.options import (
    cloud_options,
    max_delay_option,
    processors_option,
    sparsity_option,
    watch,
)
from simulator.commands.cache import folder_option


@network_command()
@network_argument
@processors_option
@click.option("--grid", required=True, metavar="GRID.toml", help="Lists of utilisations and of bit rates.")
@max_delay_option
@click.option(
    "--keep", "number", type=WholeRange(1, 1000), default=8, show_default=True, metavar="8",
    help="Schedules for run time.",
)  # fmt: skip
@click.option(
    "--parts", type=WholeRange(1, 64), metavar="4",
    help="Equal parts of each layer's filters.  [default: 4, or the most below that all layers have]",
)  # fmt: skip
@click.option("--batch", type=WholeRange(1), default=1, show_default=True, help="Images that a layer runs at once.")
@cloud_options
@bits_option(default=8)
@rules_option
@seed_option
@folder_option
@sparsity_option
@csv_option
@click.option("--out", metavar="S.json", help="The schedules, for partition split --schedules.")
def schedules(network: str, processors: str, grid: str, csv_file: str | None, out: str | None, **said: Any) -> int:
    """Solve NETWORK for all conditions of a grid, and keep the few schedules that serve them best.

    \b
    python -m partition schedules alexnet --processors phone.toml --grid grid.toml --max-delay 30ms --out s.json
    python -m partition split alexnet --processors phone.toml --schedules s.json --now record.json --max-delay 30ms
    """
    from partition.processors.splitting import schedules as solve  # pydantic takes its time to import

    check_writable(csv_file, out, inputs=(network, processors, grid))
    if out is not None and out != "-" and not out.endswith(".json"):
        raise InputError(f"--out is {out}; expected a name that ends in .json")
    found = solve(network, processors, grid, watch=watch, **said)
    if not found.kept:
        click.echo(f"schedules: none of {found.conditions} conditions has a schedule in time", err=True)
        return CHECK_FAILED
    written = write_chosen((csv_file, lambda: as_csv(found.rows())), (out, lambda: as_json(sealed(found.record()))))
    if not written:
        from partition.tables import print_kept

        print_kept(found)
    return 0
