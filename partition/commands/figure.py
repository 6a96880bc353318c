"""``python -m partition figure``: the paper's figures."""

from pathlib import Path

import click

from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.networks import load_network
from analytical.terminal.options import bits_option, command, csv_option, hardware_option
from analytical.terminal.outputs import as_csv, check_writable, write_chosen
from partition.commands.options import picture_options, sources_option, watch
from partition.figures.look import Look
from partition.figures.panels import rows
from partition.figures.paper import FIGURES, figure_13c
from partition.planning import plan
from partition.sources import ANALYTICAL
from simulator.commands.cache import folder_option


@command()
@click.argument("number", type=click.Choice([*FIGURES, "13c"]))
@click.argument("network", default="alexnet")
@sources_option
@picture_options
@bits_option(default=8)
@hardware_option
@folder_option
@csv_option
def figure(
    number: str,
    network: str,
    sources: tuple[str, ...],
    out: str | None,
    look: Look,
    bits: int | None,
    hardware: str | None,
    cache: Path | None,
    csv_file: str | None,
) -> None:
    """Make the paper's figure NUMBER for NETWORK: its points (--csv), or a picture (--out).

    \b
    python -m partition figure 10 squeezenet1_1 --source analytical --source simulated --out fig10b.svg
    """
    if out is None and csv_file is None:
        raise InputError("neither --out nor --csv is given; expected a file for the figure")
    check_writable(csv_file, out, inputs=(network, hardware, *sources))
    if number == "13c":
        if sources:
            raise InputError("--source is given for figure 13c; expected none, it is of the closed forms")
        panels = figure_13c(load_network(network), choose_hardware(hardware, bits, default_bits=8))
    else:
        plans = {
            source: plan(
                network,
                bitrate=60e6,
                tx_power=0.5,
                bits=bits,
                hardware=hardware,
                source=source,
                cache=cache,
                watch=watch,
            )
            for source in sources or (ANALYTICAL,)
        }
        panels = FIGURES[number](plans)
        if not any(panel.series for panel in panels):
            raise InputError(
                f"{network}: has none of the cuts that figure {number} shows; expected a network with pools"
            )

    def picture() -> bytes:
        from partition.figures.draw import draw_panels

        return draw_panels(panels, look)

    write_chosen((csv_file, lambda: as_csv(rows(panels))), (out, picture))
