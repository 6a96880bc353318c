"""``python -m analytical``: the paper's closed-form energy model of a network."""

from typing import Any

import click
from rich.console import Console

from analytical import __version__
from analytical.cli import (
    NETWORK_HELP,
    as_csv,
    as_json,
    bits_option,
    check_writable,
    choose_hardware,
    csv_option,
    digits,
    hardware_option,
    json_option,
    metric,
    people_console,
    people_table,
    run_command,
    write_chosen,
)
from analytical.energy import ENERGY_PARTS, Energy
from analytical.hardware import Hardware
from analytical.mapping import Rule
from analytical.model import LayerEstimate, estimate
from analytical.networks import Network, load


@click.group(no_args_is_help=True)
@click.version_option(__version__)
def main() -> None:
    """CNNergy: what a CNN costs on a row-stationary accelerator, by closed formulas."""


@main.command(epilog=NETWORK_HELP)
@click.argument("network")
@bits_option
@hardware_option
@csv_option
@json_option
def run(network: str, bits: str | None, hardware_file: str | None, csv_file: str | None, json_file: str | None) -> None:
    """Estimate energy, accesses and GLB use of each layer of NETWORK, for one image.

    \b
    python -m analytical run alexnet
    python -m analytical run squeezenet1_1 --bits 8 --csv -
    """
    console = people_console(csv_file, json_file)
    hardware = choose_hardware(bits, hardware_file)
    check_writable(csv_file, json_file, inputs=(network, hardware_file))
    chosen = load(network)
    estimates = [estimate(layer, hardware) for layer in chosen.layers]
    written = write_chosen(
        (csv_file, lambda: as_csv([e.columns() for e in estimates])),
        (json_file, lambda: as_json(_record(chosen, hardware, estimates))),
    )
    if not written:
        _print(console, chosen, hardware, estimates)


def _record(network: Network, hardware: Hardware, estimates: list[LayerEstimate]) -> dict[str, Any]:
    return {
        "network": network.name,
        "bits": hardware.b_w,
        "version": __version__,
        "hardware": hardware.record(),
        "layers": [
            e.columns()
            | {
                "energy_J_by": e.energy.parts(),
                "mapping": {name: getattr(e.mapping, name) for name in e.mapping.__slots__ if name != "rules"},
                "rules": [rule.name.lower() for rule in e.mapping.rules],
            }
            for e in estimates
        ],
        "total": {
            "energy_J": sum(e.energy.total for e in estimates),
            "energy_without_control_J": sum(e.energy.without_control for e in estimates),
        },
    }


def _print(console: Console, network: Network, hardware: Hardware, estimates: list[LayerEstimate]) -> None:
    total = sum((e.energy for e in estimates), Energy.zero())
    scale, prefix = metric(total.total)
    table = people_table(
        f"{network.name} on {hardware.name}: energy of one image in {prefix}J, by closed forms",
        *("layer", *ENERGY_PARTS.values(), "fit", "rules"),
    )
    for e in estimates:
        rules = ",".join(str(rule.value) for rule in e.mapping.rules)
        table.add_row(e.layer.name, *_scaled(e.energy, scale), str(e.mapping.N), rules)
    table.add_section()
    table.add_row("total", *_scaled(total, scale), style="bold")
    console.print(table)
    rules = ", ".join(f"{rule.value} {rule.name.lower().replace('_', ' ')}" for rule in Rule)
    console.print(f"fit: images that fit the GLB together; rules of the mapping that fired: {rules}")


def _scaled(energy: Energy, scale: float) -> list[str]:
    return [digits(joules * scale) for joules in (*energy.parts().values(), energy.total)]


if __name__ == "__main__":
    run_command(main, "python -m analytical")
