"""The report of a run: energy, what PEs did, latency, and the reasons for what closed forms miss; the sums last."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from analytical.counts import ALL_EVENTS, Counts, Data, Event, Level
from analytical.energy import Accounting, not_charged
from analytical.mappings import Origin
from analytical.mappings.cnnergy import Correction
from analytical.sheet import list_names
from analytical.terminal.tables import people_table
from analytical.terminal.text import digits, metric, short
from simulator.alternatives import FEW_PES, alternatives
from simulator.crosscheck.difference import Difference, Differences, sum_of, unexplained
from simulator.result import LayerResult, NetworkResult
from simulator.settings import TOGETHER
from simulator.tables.differences import difference_table, effects_table, percent
from simulator.tables.energy import energy_table, latency_table, pe_table

REASONS = 3
"""Effects that a report names; the cross-check has all."""


def print_report(console: Console, result: NetworkResult, *, crosscheck: bool = False) -> None:
    """Tables for a person, and the sums at the end; with the cross-check and what moved, if asked for.

    Parameters
    ----------
    console : Console
        Where to print.
    result : NetworkResult
        A run.
    crosscheck : bool
        Print what moved, what is not charged, and every difference from the closed forms.
    """
    # the rules' mapping is that of the closed forms, and needs no table
    console.print(result.settings.title, style="bold")
    if any(layer.chosen.origin is not Origin.RULES for layer in result):
        console.print(mapping_table(result))
        console.print("The closed forms have CNNergy's mapping: what that makes is the effect 'another mapping'.")
    rows = [(layer.name, {"sim": layer.energy, "model": layer.model_energy}) for layer in result]
    totals = {"sim": result.energy, "model": result.model_energy}
    console.print(energy_table("machine (sim), closed forms (model)", rows, totals))
    console.print(pe_table(result.layers, result.settings.hardware.pes))
    console.print(latency_table(result.layers))
    _print_corrections(console, result)
    _print_alternatives(console, result)
    _print_groups(console, result)
    if crosscheck:
        console.print(_traffic_table(result.layers, result.settings.hardware.b_w))
        _print_not_charged(console, result)
        _print_crosscheck(console, result)
    _print_sums(console, result)


def mapping_table(result: NetworkResult) -> Table:
    """Mappings of layers, where they come from, and from how many the mapper chose."""
    # one column a number, also where a person's own mapping of a layer is of another kind than the others
    symbols = list(dict.fromkeys(symbol for layer in result for symbol in layer.chosen.mapping.record()))
    table = people_table(f"Mapping {result.settings.mapping}", "layer", *symbols, "from", "weighed")
    for layer in result:
        record = layer.chosen.mapping.record()
        numbers = (str(record.get(symbol, "")) for symbol in symbols)
        table.add_row(layer.name, *numbers, layer.chosen.origin.value, str(layer.chosen.weighed or ""))
    return table


def _print_corrections(console: Console, result: NetworkResult) -> None:
    """Layers whose mapping departs from CNNergy's published rules, by what is corrected; a line each."""
    for correction in Correction:
        names = [layer.name for layer in result if correction in getattr(layer.chosen.mapping, "corrections", ())]
        if names:
            console.print(f"Corrected rules, {correction.value}: {', '.join(names)}.")


def _print_groups(console: Console, result: NetworkResult) -> None:
    """Layers whose groups run one after the other on few PEs, though several would fit side by side."""
    if result.settings.groups == TOGETHER:
        return
    few = {
        layer.name: layer.run.tiling.side_by_side().groups_at_once
        for layer in result
        if layer.run.layer.groups > 1 and layer.run.active_pes < FEW_PES * result.hardware.pes
    }
    few = {name: number for name, number in few.items() if number > 1}
    if few:
        counts = sorted(set(few.values()))
        most = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        console.print(f"{list_names([*few])}: one group at a time; --groups together would run {most} side by side.")


def _print_alternatives(console: Console, result: NetworkResult) -> None:
    """Layers that the mapping serves badly, a line each."""
    pes = result.hardware.pes
    for found in alternatives(result):
        scale, prefix = metric(found.energy_J)
        console.print(
            f"{found.layer}: {digits(found.energy_J * scale)} {prefix}J on {found.active_pes} of {pes} PEs; "
            f"{found.option} estimates {digits(found.mapper_energy_J * scale)} on {found.mapper_pes}"
        )


def _print_sums(console: Console, result: NetworkResult) -> None:
    """Why machine and closed forms differ, in few words; then the sums of an image."""
    together = sum_of(layer.differences() for layer in result)
    for said, quantity in (("energy", "total"), ("latency", "total_cycles")):
        console.print(f"Why the {said} is not that of the closed forms: {_reasons(together[quantity])}.")
    # always looked for, and in red: a residual means that machine or cross-check is wrong
    missing = unexplained({layer.name: layer.differences() for layer in result})
    if missing:
        console.print(f"UNEXPLAINED: {', '.join(missing)}", style="red")
    if result.shortcuts:
        bits = sum(
            float(layer.row()[name]) / layer.run.images
            for layer in result
            for name in ("dram_ifmap_bits", "dram_filter_bits", "dram_ofmap_bits")
        )
        charged = "charged" if result.settings.accounting is Accounting.FULL else "not charged"
        console.print(
            f"Sums read their shortcuts again: {short(result.shortcut_bits)}b an image, "
            f"{100 * result.shortcut_bits / bits:.1f} % of what DRAM moves for layers; {charged}."
        )
    (scale, joule), (time_scale, second) = metric(result.energy_J), metric(result.latency_s)
    images = sorted({layer.run.images for layer in result})
    batches = f"a batch of {images[0]}" if len(images) == 1 else f"batches of {images[0]} to {images[-1]}"
    console.print(
        f"One image: {result.energy_J * scale:.3f} {joule}J simulated, "
        f"{result.model_energy_J * scale:.3f} {joule}J by the closed forms; "
        f"{result.latency_s * time_scale:.2f} {second}s, of which {result.processing_s * time_scale:.2f} {second}s "
        f"processing; {1 / result.latency_s:.1f} images/s, in {batches}."
    )


def _reasons(difference: Difference) -> str:
    effects = difference.by_size
    largest = dict(list(effects.items())[:REASONS])
    others = [adds for effect, adds in effects.items() if effect not in largest]
    if others:
        largest["all others"] = sum(others)
    return ", ".join(f"{effect} {percent(adds, difference):+.1f} %" for effect, adds in largest.items()) or "it is"


def _print_crosscheck(console: Console, result: NetworkResult) -> None:
    """Each layer's counts and energies beside the closed forms', and all layers together."""
    layers = {layer.name: layer.differences() for layer in result}
    together = sum_of(layers.values())
    sections: list[tuple[str, Differences]] = [*layers.items()]
    # of a single layer, all layers together would say the same again
    if len(layers) > 1:
        sections.append(("all layers", together))
    console.print(
        difference_table("Cross-check of one image: why machine and closed forms differ", "sim", "model", sections)
    )
    parts = {"energy": together["total"], "cycles": together["total_cycles"]}
    console.print(effects_table("From closed forms to machine", parts, "machine", "closed forms"))
    if not unexplained(layers):
        console.print(f"No residual: all {sum(map(len, layers.values()))} quantities are explained.")


def _of(level: Level, *data: Data) -> list[Event]:
    return [event for event in ALL_EVENTS if event.level is level and event.data in data]


_TRAFFIC = {
    "RF": _of(Level.RF, *Data),
    "PE-PE": _of(Level.INTER_PE, *Data),
    "GLB ifmap": _of(Level.GLB, Data.IFMAP),
    "GLB filter": _of(Level.GLB, Data.FILTER),
    "GLB psum": _of(Level.GLB, Data.PSUM, Data.OFMAP),
    "DRAM ifmap": _of(Level.DRAM, Data.IFMAP),
    "DRAM filter": _of(Level.DRAM, Data.FILTER),
    "DRAM ofmap": _of(Level.DRAM, Data.OFMAP),
}


def _traffic_table(layers: Sequence[LayerResult], b_w: int) -> Table:
    """MACs and words of one image; every event counts, charged or not."""
    table = people_table(
        f"What moved for one image, {b_w}-bit words, charged or not",
        *("layer", "MACs", "nonzero", *(name.replace(" ", "\n") for name in _TRAFFIC)),
    )
    per_image = [layer.run.counts * (1 / layer.run.images) for layer in layers]
    for layer, counts in zip(layers, per_image, strict=True):
        table.add_row(layer.name, *_moved(counts))
    table.add_section()
    table.add_row("total", *_moved(sum(per_image, Counts())), style="bold")
    return table


def _moved(counts: Counts) -> Iterator[str]:
    for number in (counts.macs, counts.nonzero_macs, *(counts.total(*events) for events in _TRAFFIC.values())):
        yield short(number)


def _print_not_charged(console: Console, result: NetworkResult) -> None:
    accounting = result.settings.accounting
    left_out: Counts = sum(
        (Counts(events=not_charged(layer.run.counts, accounting)) * (1 / layer.run.images) for layer in result),
        Counts(),
    )
    if left_out.events:
        listed = ", ".join(f"{event} {short(left_out[event])}" for event in sorted(left_out, key=str))
        console.print(f"Counted, but not charged by the accounting '{accounting.value}', words an image: {listed}.")
