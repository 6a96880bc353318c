"""``python -m analytical compress``: a network with fewer weights, smaller ones, or layers in two parts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from analytical import __version__
from analytical.compression.report import CompressionReport, side
from analytical.compression.shares import DENSITIES, shares_kept
from analytical.compression.transforms import KINDS, CompressionError, decompose, prune, quantise
from analytical.compression.weights import (
    Compressed,
    decompose_weights,
    prune_weights,
    quantise_weights,
    read_weights,
    weights_of_trace,
    with_shares,
)
from analytical.counts import exact
from analytical.files import choose_hardware
from analytical.hardware import CHIPS, Hardware
from analytical.network import Network, word_bits
from analytical.networks import as_table, load_network
from analytical.sheet import parse_names, whole_number
from analytical.terminal.options import (
    WholeRange,
    bits_option,
    csv_option,
    hardware_option,
    json_option,
    network_argument,
    network_command,
)
from analytical.terminal.outputs import STANDARD_OUTPUT, as_csv, as_json, check_writable, write_chosen

_NAMES = "NUMBER or NAME=NUMBER,..."


@network_command()
@network_argument
@click.option("--prune", "pruned", metavar=_NAMES, help="Share of weights to set to zero: 0.7, or conv=0.6,fc=0.9.")
@click.option("--densities", metavar="NAME|FILE", help=f"Shares that are kept: {', '.join(DENSITIES)}, or a CSV file.")
@click.option("--svd", metavar=_NAMES, help="By how much weights become fewer in two layers for one: conv=3.5,fc=6.27.")
@click.option("--svd-energy", metavar=_NAMES, help="Share of the weights' squares that these keep; with weights.")
@click.option("--filter-bits", metavar=_NAMES, help="Bits of a weight in DRAM, from a codebook: conv=8,fc=5.")
@click.option("--weights", "weights_file", metavar="FILE", help="Weights: a trace (.h5), or arrays by layer (.npz).")
@click.option("--batch", type=WholeRange(1), help="Images that a layer runs at once.  [default: the table's]")
@hardware_option
@bits_option(default=16)
@click.option("--out", metavar="TABLE.csv", help="Write the network: a layer table, which runs everywhere.")
@csv_option
@json_option
def compress(
    network: str,
    pruned: str | None,
    densities: str | None,
    svd: str | None,
    svd_energy: str | None,
    filter_bits: str | None,
    weights_file: str | None,
    batch: int | None,
    hardware: str | None,
    bits: int | None,
    out: str | None,
    csv_file: str | None,
    json_file: str | None,
) -> None:
    """Prune NETWORK, split its layers in two, or store its weights in fewer bits; and say what that saves.

    Layers are split first, then weights pruned, then quantised. No accuracy is computed.

    \b
    python -m analytical compress vgg16 --prune 0.7 --out pruned.csv
    python -m analytical compress alexnet --densities han2015 --filter-bits conv=8,fc=5
    python -m analytical compress resnet8 --prune 0.5 --svd-energy 0.95
    """
    check_writable(out, csv_file, json_file, inputs=(network, densities, weights_file, hardware))
    if pruned is not None and densities is not None:
        raise CompressionError("--prune and --densities both say what is kept; expected one of them")
    if svd is not None and svd_energy is not None:
        raise CompressionError("--svd and --svd-energy both say the rank; expected one of them")
    if all(said is None for said in (pruned, densities, svd, svd_energy, filter_bits)):
        raise CompressionError("nothing to do; expected --prune, --densities, --svd, --svd-energy or --filter-bits")
    if out is not None and out != STANDARD_OUTPUT and Path(out).suffix.lower() != ".csv":
        raise CompressionError(f"--out is {out}; expected the name of a .csv file, as layer tables have")
    loaded = load_network(network)
    if batch is not None:
        loaded = loaded.with_batch(batch)
    chips = _chips(loaded, hardware, bits)
    wanted = {
        "svd": _numbers("--svd", svd, float),
        "energy": _numbers("--svd-energy", svd_energy, float),
        "bits": _numbers("--filter-bits", filter_bits, whole_number),
        "zeros": _numbers("--prune", pruned, float),
    }
    if densities is not None:
        wanted["zeros"] = {name: float(1 - exact(kept)) for name, kept in shares_kept(loaded, densities).items()}
    weights = read_weights(weights_file, loaded) if weights_file is not None else weights_of_trace(loaded)
    if svd_energy is not None and not weights:
        raise CompressionError("--svd-energy needs weights; expected --weights, or --svd")
    # zeros that weights bring are there before, whatever a table says
    before = side(with_shares(loaded, weights) if weights else loaded, chips, weights or None)
    done = _with_weights(loaded, weights, wanted) if weights else _by_shares(loaded, wanted)
    after = side(done.network, chips, done.weights or None)
    report = CompressionReport(before=before, after=after, decomposed=done.decomposed)
    written = write_chosen(
        (out, lambda: as_table(done.network).encode()),
        (csv_file, lambda: as_csv(report.rows())),
        (json_file, lambda: as_json({"version": __version__} | report.record())),
    )
    if not written or (csv_file is None and json_file is None):
        from analytical.commands.tables import print_compression

        print_compression(report, out)


def _chips(network: Network, hardware: str | None, bits: int | None) -> list[Hardware]:
    """What both sides are estimated on: the hardware that was asked for, or the chip, and the chip with use for zeros
    of filters."""
    chip = choose_hardware(hardware, bits, default_bits=word_bits(network, 16))
    return [chip] if hardware is not None else [chip, CHIPS[f"{chip.name}-sparse"]]


def _numbers(option: str, said: str | None, read: Callable[[str], Any]) -> Any:
    """One number, or numbers by name; one with a comma stands in double quotes, with its number."""
    if said is None:
        return None
    found: dict[str, Any] = {}
    parts = parse_names(said)
    for part in parts:
        name, mark, number = (cell.strip() for cell in part.rpartition("="))
        try:
            value = read(number)
        except ValueError:
            value = None
        if value is None or bool(mark) != bool(name) or name in found or (not mark and len(parts) > 1):
            raise CompressionError(
                f"{option} is {said!r}; expected {_NAMES}, each name once, such as 0.7 or conv=0.6,fc=0.9"
            )
        found[name] = value
    if not found:
        raise CompressionError(f"{option} is {said!r}; expected {_NAMES}, such as 0.7 or conv=0.6,fc=0.9")
    return found.get("", found)


def _by_shares(network: Network, wanted: Mapping[str, Any]) -> Compressed:
    whole = network
    if wanted["svd"] is not None:
        network = decompose(network, wanted["svd"])
    if wanted["zeros"] is not None:
        network = prune(network, _of_parts(whole, network, wanted["zeros"]))
    if wanted["bits"] is not None:
        network = quantise(network, _of_parts(whole, network, wanted["bits"]))
    return Compressed(network=network, weights={}, decomposed={})


def _with_weights(network: Network, weights: Mapping[str, Any], wanted: Mapping[str, Any]) -> Compressed:
    done = Compressed(network=network, weights=dict(weights), decomposed={})
    decomposed: Mapping[str, Any] = {}
    if wanted["svd"] is not None or wanted["energy"] is not None:
        done = decompose_weights(network, done.weights, wanted["svd"], wanted["energy"])
        decomposed = done.decomposed
    if wanted["zeros"] is not None:
        done = prune_weights(done.network, done.weights, _of_parts(network, done.network, wanted["zeros"]))
    if wanted["bits"] is not None:
        done = quantise_weights(done.network, done.weights, _of_parts(network, done.network, wanted["bits"]))
    return Compressed(network=done.network, weights=done.weights, decomposed=decomposed)


def _of_parts(whole: Network, parts: Network, numbers: Any) -> Any:
    """Numbers by name, where what is said of a layer holds for the two that it has become."""
    if not isinstance(numbers, Mapping):
        return numbers
    found: dict[str, Any] = {}
    for name, number in numbers.items():
        split = name in whole.names and name not in parts.names
        # a layer may have the name of a kind, for whose other layers the number holds as well
        here = [name] if not split or name in KINDS else []
        found |= dict.fromkeys([*here, *([f"{name}a", f"{name}b"] if split else [])], number)
    return found
