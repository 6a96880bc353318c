"""``python -m partition quarters``: what cutting saves over many images."""

from dataclasses import asdict
from typing import Any

import click

from analytical.terminal.options import csv_option, json_option, network_argument, network_command
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen
from partition.commands.options import channel_options, phone_options, watch
from partition.images import read_sparsities
from partition.maps import quartiles
from partition.planning import plan


@network_command()
@network_argument
@click.argument("images")
@channel_options
@phone_options
@csv_option
@json_option
def quarters(
    network: str,
    images: str,
    csv_file: str | None,
    json_file: str | None,
    jpeg_energy: float | None,
    **said: Any,
) -> None:
    """Say what cutting NETWORK saves over many IMAGES, by quarters of their Sparsity-In (Table IV).

    IMAGES is a folder of images, or a file with a share of zeros in each line.

    \b
    python -m partition quarters alexnet photos/ --bitrate 60Mbps --tx-power 0.5W
    """
    check_writable(csv_file, json_file, inputs=(network, said["hardware"], said["source"], images))
    planned = plan(network, jpeg_energy=jpeg_energy or 0.0, watch=watch, **said)
    found = quartiles(planned, read_sparsities(images, planned.graph))
    rows = [asdict(quarter) for quarter in found]
    flat = [row | {"sparsity_in": "{} to {}".format(*row["sparsity_in"])} for row in rows]
    record = {"network": planned.graph.network, "source": planned.source, "quartiles": rows}
    if not write_chosen((csv_file, lambda: as_csv(flat)), (json_file, lambda: as_json(record))):
        from partition.tables import print_quartiles

        print_quartiles(planned, found)
