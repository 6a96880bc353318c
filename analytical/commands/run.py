"""``python -m analytical run``: the closed forms of a network."""

from typing import Any

from analytical import __version__
from analytical.files import choose_hardware
from analytical.model import NetworkEstimate, estimate
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
@bits_option(default=16)
@hardware_option
@rules_option
@csv_option
@json_option
def run(
    network: str, bits: int | None, hardware: str | None, rules: str, csv_file: str | None, json_file: str | None
) -> None:
    """Estimate energy, accesses and GLB use of each layer of NETWORK, for one image.

    \b
    python -m analytical run alexnet
    python -m analytical run squeezenet1_1 --bits 8 --csv -
    """
    check_writable(csv_file, json_file, inputs=(network, hardware))
    chosen = load_network(network)
    chip = choose_hardware(hardware, bits, default_bits=word_bits(chosen, 16))
    result = estimate(chosen, chip, rules=rules)
    written = write_chosen(
        (csv_file, lambda: as_csv(result.rows())), (json_file, lambda: as_json(record(result, rules)))
    )
    if not written:
        from analytical.commands.tables import print_estimate

        print_estimate(result)


def record(result: NetworkEstimate, rules: str) -> dict[str, Any]:
    """An estimate as JSON has it."""
    energy = result.energy
    return {
        "network": result.network.name,
        "bits": result.hardware.b_w,
        "version": __version__,
        "hardware": result.hardware.record(),
        "rules": rules,
        "layers": [layer.record() for layer in result],
        "total": {
            "energy_J": energy.total,
            "energy_without_control_J": energy.without_control,
            "latency_s": result.latency_s,
        },
    }
