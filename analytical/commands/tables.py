"""The table of an estimate."""

from collections.abc import Callable, Sequence
from string import ascii_lowercase

from analytical.compression.report import CompressionReport, Side
from analytical.energy import ENERGY_PARTS, Energy
from analytical.files.about import About
from analytical.mappings.cnnergy import Correction, Rule
from analytical.model import NetworkEstimate
from analytical.network import Network
from analytical.terminal.tables import people_console, people_table
from analytical.terminal.text import digits, metric, short

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


def print_compression(report: CompressionReport, out: str | None = None) -> None:
    """Both sides of a compression: weights, what they take, MACs, energies. ``out`` is the file of the table."""
    console = people_console(out)
    before, after = report.before, report.after
    table = people_table(f"{before.network.name}, before and after", "", "before", "after", "before / after")
    rows: tuple[tuple[str, Callable[[Side], float]], ...] = (
        ("weights", lambda side: side.in_store.weights),
        ("  that are not zero", lambda side: side.in_store.kept),
        ("MACs", lambda side: side.macs),
        ("  with no zero, by shares", lambda side: side.effectual_macs),
    )
    for name, of in rows:
        table.add_row(name, short(of(before)), short(of(after)), f"{of(before) / of(after):.2f}" if of(after) else "")
    table.add_section()
    first = before.in_store.raw
    for code, name in _CODES.items():
        sides = [getattr(each.in_store, code) for each in (before, after)]
        if None not in sides:
            table.add_row(
                name, *(f"{bytes_ / 2**20:.2f}" for bytes_ in sides), f"{first / sides[1]:.2f}" if sides[1] else ""
            )
    table.add_section()
    scale = 1e3
    table.add_row(
        "mJ by the survey's formula",
        digits(before.survey_J * scale),
        digits(after.survey_J * scale),
        "" if report.survey_factor is None else f"{report.survey_factor:.2f}",
    )
    console.print(table)
    for old, new, factor in zip(before.estimates, after.estimates, report.factors(), strict=True):
        title = f"mJ of an image by closed forms, {old.hardware.name}, {_batches(report.after.network)}"
        table = people_table(title, "", *ENERGY_PARTS.values(), "ms")
        for name, each in (("before", old), ("after", new)):
            table.add_row(name, *_scaled(each.energy, scale), digits(each.latency_s * 1e3))
        console.print(table)
        console.print(f"before / after: {factor:.2f}")
    for name, said in report.decomposed.items():
        console.print(
            f"{name}: rank {said.rank} keeps {said.kept_energy:.1%} of the weights' squares, "
            f"relative error {said.relative_error:.3f}"
        )
    console.print("stored: MiB; before / after of a code: raw before, to that code after. No accuracy is computed.")


def _batches(network: Network) -> str:
    """Images that layers run at once, whose energy each has its share of."""
    batches = sorted({layer.batch for layer in network.layers})
    return f"batch {batches[0]}" if len(batches) == 1 else f"batches of {batches[0]} to {batches[-1]}"


_CODES = {
    "raw": "stored raw",
    "rlc": "stored run-length coded",
    "eie": "stored as in EIE",
    "huffman": "stored in Huffman codes",
}
"""What tables call the codes of weights."""


def print_chips(chips: Sequence[About]) -> None:
    """Hardware that ships, a row each."""
    console = people_console()
    table = people_table("Hardware that ships", "", "PEs", "RF words", "bits", "GLB KiB", "MAC pJ", "GLB pJ", "clock W")
    for chip in chips:
        hardware = chip.hardware
        table.add_row(
            hardware.name,
            f"{hardware.J}x{hardware.K}",
            f"{hardware.f_s}+{hardware.I_s}+{hardware.P_s}",
            str(hardware.b_w),
            f"{hardware.glb_kib:g}",
            digits(hardware.prices.mac * 1e12),
            digits(hardware.prices.glb * 1e12),
            digits(hardware.clock_W),
        )
    console.print(table)
    for chip in chips:
        console.print(f"{chip.hardware.name}: {chip.what}. Trust: {chip.trust}.")


def print_chip(chip: About) -> None:
    """One hardware, and what its constants rest on."""
    print_chips([chip])
    console = people_console()
    for constant, source in chip.rests_on.items():
        console.print(f"  {constant}: {source}.")
