"""The table of an estimate."""

from analytical.energy import ENERGY_PARTS, Energy
from analytical.mappings.cnnergy import Rule
from analytical.model import NetworkEstimate
from analytical.terminal.tables import people_console, people_table
from analytical.terminal.text import digits, metric


def print_estimate(result: NetworkEstimate) -> None:
    """Energy of one image by part, layer by layer; images that fit, and rules that fired."""
    console = people_console()
    total = result.energy
    scale, prefix = metric(total.total)
    table = people_table(
        f"{result.network.name} on {result.hardware.name}: energy of one image in {prefix}J, by closed forms",
        *("layer", *ENERGY_PARTS.values(), "fit", "rules"),
    )
    for layer in result:
        rules = ",".join(str(rule.value) for rule in layer.mapping.rules)
        table.add_row(layer.layer.name, *_scaled(layer.energy, scale), str(layer.mapping.N), rules)
    table.add_section()
    table.add_row("total", *_scaled(total, scale), style="bold")
    console.print(table)
    rules = ", ".join(f"{rule.value} {rule.name.lower().replace('_', ' ')}" for rule in Rule)
    console.print(f"fit: images that fit the GLB together; rules of the mapping that fired: {rules}")


def _scaled(energy: Energy, scale: float) -> list[str]:
    return [digits(joules * scale) for joules in (*energy.parts().values(), energy.total)]
