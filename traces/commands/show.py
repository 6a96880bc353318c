"""``python -m traces show``: what is in a trace."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytical.networks import TRACES, load_network
from analytical.terminal.options import command, complete_files, csv_option, json_option
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen

if TYPE_CHECKING:
    from traces.trace import Trace


@command()
@click.argument("trace", shell_complete=complete_files(*TRACES))
@csv_option
@json_option
def show(trace: str, csv_file: str | None, json_file: str | None) -> None:
    """Show TRACE: its layers, their zeros and scales, and where they came from.

    \b
    python -m traces show resnet8
    """
    check_writable(csv_file, json_file, inputs=(trace,))
    from traces.trace import Trace, TraceError, read_trace, rows

    found = load_network(trace).trace if trace in TRACES else read_trace(Path(trace))
    if not isinstance(found, Trace):
        raise TraceError(f"{trace}: is no trace; expected one that python -m traces import wrote")
    listed = list(rows(found))
    if not write_chosen(
        (csv_file, lambda: as_csv(listed)), (json_file, lambda: as_json(found.record() | {"layers": listed}))
    ):
        _print(found)


def _print(trace: "Trace") -> None:
    from analytical.terminal.tables import people_console, people_table
    from traces.trace import rows, warnings_of

    console = people_console()
    table = people_table(f"{trace.name}: {trace.bits} bit, {trace.images} image{'s' * (trace.images > 1)}", *_HEADINGS)
    for row in rows(trace):
        snr = f"{row['snr_db']:.1f}"
        table.add_row(
            *(str(row[name]) for name in ("layer", "op", "ifmap", "filters")),
            *(f"{100 * row[name]:.1f}" for name in ("zeros", "zeros_float", "zeros_ofmap")),
            snr,
            f"{row['ifmap_scale']:.3g}",
            f"{row['filter_scale']:.3g}",
        )
    console.print(table)
    console.print(
        "zeros, %: of the padded ifmap as integers, as the model had it, and of what leaves; "
        "dB: what quantising left of the ifmap; x, w: what a step of ifmap and filters is worth."
    )
    source = trace.source
    console.print(
        f"From {source['model']['name']} ({source['model']['sha256'][:12]}), preprocessing {source['preprocess']}"
    )
    for picture in source["pictures"]:
        console.print(f"on {picture['name']} ({picture['sha256'][:12]})")
    for line in [*(f"left out: {line}" for line in source["left_out"]), *warnings_of(trace.layers)]:
        console.print(line)


_HEADINGS = ("layer", "op", "ifmap", "filters", "zeros", "float", "ofmap", "dB", "x", "w")
