"""The table of an estimate."""

from string import ascii_lowercase

from analytical.energy import ENERGY_PARTS, Energy
from analytical.mappings.cnnergy import Correction, Rule
from analytical.model import NetworkEstimate
from analytical.terminal.tables import people_console, people_table
from analytical.terminal.text import digits, metric

LETTERS = dict(zip(Correction, ascii_lowercase, strict=False))
"""What tables call the corrections."""


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
        rules = ",".join(
            [str(rule.value) for rule in layer.mapping.rules] + [LETTERS[c] for c in layer.mapping.corrections]
        )
        table.add_row(layer.layer.name, *_scaled(layer.energy, scale), str(layer.mapping.N), rules)
    table.add_section()
    table.add_row("total", *_scaled(total, scale), style="bold")
    console.print(table)
    rules = ", ".join(f"{rule.value} {rule.name.lower().replace('_', ' ')}" for rule in Rule)
    console.print(f"fit: images that fit the GLB together; rules of the mapping that fired: {rules}")
    departed = {correction for layer in result for correction in layer.mapping.corrections}
    if departed:
        listed = ", ".join(
            f"{letter} {correction.value}" for correction, letter in LETTERS.items() if correction in departed
        )
        console.print(f"corrections of these rules (--rules published goes without): {listed}")


def _scaled(energy: Energy, scale: float) -> list[str]:
    return [digits(joules * scale) for joules in (*energy.parts().values(), energy.total)]
