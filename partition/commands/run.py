"""``python -m partition run``: where to cut a network."""

from dataclasses import replace
from typing import Any

import click

from analytical.errors import InputError
from analytical.graph import graph_of
from analytical.networks import load_network
from analytical.networks.table import with_image
from analytical.terminal.errors import CHECK_FAILED
from analytical.terminal.options import csv_option, json_option, network_argument, network_command
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen
from partition.commands.options import channel_options, client_options, cloud_options, max_delay_option, watch
from partition.images import read_image_of
from partition.planning import LEAST, DelayError, plan

JPEG_BITS = ("model", "file")
"""Where the bits of the image may come from; the first is the default."""


@network_command()
@network_argument
@channel_options
@client_options
@click.option("--image", metavar="FILE", help="The image itself, in place of --sparsity-in.")
@click.option(
    "--jpeg-bits",
    type=click.Choice(JPEG_BITS),
    default=JPEG_BITS[0],
    show_default=True,
    help="Bits of --image: what the paper's model expects by its zeros, or those of its JPEG file.",
)
@max_delay_option
@click.option("--least", type=click.Choice(LEAST), default=LEAST[0], show_default=True, help="What the best cut has.")
@cloud_options
@csv_option
@json_option
def run(
    network: str,
    image: str | None,
    jpeg_bits: str,
    csv_file: str | None,
    json_file: str | None,
    jpeg_energy: float | None,
    **said: Any,
) -> int:
    """Say where to cut NETWORK, what that costs the phone, what it saves, and what every other cut costs.

    \b
    python -m partition run alexnet --bitrate 80Mbps --tx-power 0.78W
    python -m partition run googlenet --bitrate 60Mbps --tx-power 1W --image cat.png --source simulated
    """
    check_writable(csv_file, json_file, inputs=(network, said["hardware"], said["source"], image))
    if image is not None and said["sparsity_in"] is not None:
        raise InputError("--image and --sparsity-in are both given; expected one of them")
    if jpeg_bits == "file" and image is None:
        raise InputError("--jpeg-bits is file, without --image; expected --image FILE beside it")
    chosen = load_network(network)
    if said["image_size"] is not None:
        chosen = with_image(chosen, said["image_size"])
    jpeg = None if image is None else read_image_of(image, graph_of(chosen))
    planned = plan(chosen, jpeg_energy=jpeg_energy or 0.0, watch=watch, **said)
    if jpeg is not None:
        planned = replace(
            planned,
            sparsity_in=jpeg.sparsity_in,
            jpeg_bits=jpeg.file_bits if jpeg_bits == "file" else None,
        )
    written = write_chosen(
        (csv_file, lambda: as_csv(planned.rows())),
        (json_file, lambda: as_json(planned.record() | ({"jpeg_file_bits": jpeg.file_bits} if jpeg else {}))),
    )
    if not written:
        from partition.tables import print_plan

        print_plan(planned, jpeg)
    try:
        planned.best  # noqa: B018  # asked for the reason why there is none
    except DelayError as error:
        click.echo(str(error), err=True)
        return CHECK_FAILED
    return 0
