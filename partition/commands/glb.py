"""``python -m partition glb``: what a network costs with a GLB of other sizes."""

from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.glb_size import explore
from analytical.network import word_bits
from analytical.networks import load_network
from analytical.terminal.options import (
    bits_option,
    csv_option,
    hardware_option,
    json_option,
    network_argument,
    network_command,
    rules_option,
)
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen


@network_command()
@network_argument
@bits_option(default=8)
@hardware_option
@rules_option
@csv_option
@json_option
def glb(
    network: str, bits: int | None, hardware: str | None, rules: str, csv_file: str | None, json_file: str | None
) -> None:
    """Say what NETWORK costs with a GLB of other sizes, by the closed forms and CACTI's trend (Fig. 13(c)).

    \b
    python -m partition glb alexnet
    """
    check_writable(csv_file, json_file, inputs=(network, hardware))
    chosen = load_network(network)
    sizes = explore(chosen, choose_hardware(hardware, bits, default_bits=word_bits(chosen, 8)), rules)
    rows = [
        {"glb_kib": size.kib, "energy_J": size.energy.total, "energy_without_control_J": size.energy.without_control}
        for size in sizes
        if size.energy is not None
    ]
    if not rows:
        raise InputError(f"{network}: no size of the GLB holds every layer; expected a network that one does")
    if not write_chosen(
        (csv_file, lambda: as_csv(rows)), (json_file, lambda: as_json({"network": network, "sizes": rows}))
    ):
        from partition.tables import print_sizes

        print_sizes(network, sizes)
