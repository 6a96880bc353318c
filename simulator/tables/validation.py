"""Silicon and machine side by side, as tables."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from analytical.terminal.tables import people_table
from simulator.silicon.validation import FIGURES, Cell, Validation, mean_error
from simulator.tables.report import mapping_table


def print_validation(console: Console, validation: Validation) -> None:
    """Silicon and machine side by side, layer by layer; beside it, one-factor models of the latency; sources.

    Parameters
    ----------
    console : Console
        Where to print.
    validation : Validation
        What was measured, and the machine's run of it.
    """
    measured, settings = validation.measured, validation.result.settings
    console.print(f"{measured.chip} and the machine: {settings.title}, batch {measured.batch}", style="bold")
    console.print(mapping_table(validation.result))
    table = people_table("Measured and machine, for the batch", "layer", "", *(figure.title for figure in FIGURES))
    # names of layers with the mapping of another layer are long, and would make the table wider than a terminal
    table.columns[0].no_wrap, table.columns[0].overflow = False, "fold"
    rows = [*validation.cells().items()]
    rows += [(f"{also.layer} as {also.mapping_of}", cells) for also, cells in validation.also_cells()]
    names = [figure.name for figure in FIGURES]
    for layer, cells in rows:
        _add_cells(table, layer, [cells[name] for name in names])
    table.add_section()
    sums, errors = validation.sums(), validation.mean_errors()
    if sums:
        _add_cells(table, "sum", [sums.get(name) for name in names])
    table.add_row("mean |error| %", "", *(_shown(errors.get(name), ".2f") for name in names), style="bold")
    console.print(table)
    _print_factors(console, validation)
    for also in measured.also:
        console.print(f"{also.layer} as {also.mapping_of} (in no sum or mean): {also.because}")
    console.print(
        "Energy on the chip, without DRAM: measured, power x total latency / batch; the machine's, clock and other "
        f"control included, under the accounting '{settings.accounting.value}'."
    )
    console.print(f"Measured: {measured.source}.")


def _add_cells(table: Table, layer: str, cells: Sequence[Cell | None]) -> None:
    table.add_row(layer, "chip", *("" if cell is None else _shown(cell.measured, ".4g") for cell in cells))
    table.add_row("", "machine", *("" if cell is None else _shown(cell.machine, ".4g") for cell in cells))
    errors = ("" if cell is None else _shown(cell.error_percent, "+.1f") for cell in cells)
    table.add_row("", "error %", *errors, style="dim")


def _print_factors(console: Console, validation: Validation) -> None:
    """Errors of the processing latency: of models that are a factor on the ideal one, and of the machine."""
    models = validation.one_factor_models()
    if not models:
        return
    machine = {layer: cells["processing_latency_ms"] for layer, cells in validation.cells().items()}
    # the machine is set beside models with one number to fit, of which one was fitted to these very points
    sides = {f"{model.factor:.3f}\nx ideal": model.cells for model in models} | {"machine": machine}
    table = people_table("Processing latency: error in %", "layer", *sides)
    for layer, cell in machine.items():
        if cell.measured is not None:
            table.add_row(layer, *(_shown(cells[layer].error_percent, "+.1f") for cells in sides.values()))
    table.add_row(
        "mean |error|", *(_shown(mean_error(cells.values()), ".2f") for cells in sides.values()), style="bold"
    )
    console.print(table)
    for model in models:
        console.print(f"{model.factor:.3f}: {model.source}.")


def _shown(number: float | None, form: str) -> str:
    return "" if number is None else format(number, form)
