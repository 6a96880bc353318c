"""``python -m traces import``: a model with pictures as a trace, or a list of layers as a table."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from analytical.errors import InputError
from analytical.network import Network
from analytical.networks.table import as_table
from analytical.sheet import whole_number
from analytical.terminal.options import NumberRange, WholeRange, command, complete_files, is_quiet
from analytical.terminal.outputs import STANDARD_OUTPUT, check_writable, write_chosen

log = logging.getLogger(__name__)

FORMATS = ("onnx", "scalesim", "timeloop")


@command()
@click.argument("model", shell_complete=complete_files())
@click.argument("more", nargs=-1, shell_complete=complete_files())
@click.option("--image", "images", multiple=True, metavar="PICTURE ...", help="Pictures to run the model on.")
@click.option(
    "--preprocess",
    metavar="HOW",
    help="What the model was trained with: imagenet, tf, caffe, unit, raw, or mean=..,std=..[,bgr] for bytes.",
)
@click.option("--input", "array", metavar="X.npy", help="An array for the model's input, in place of pictures.")
@click.option("--shape", metavar="[NAME:]1x3x224x224", help="The input's sizes, where the model leaves some open.")
@click.option("--bits", type=click.Choice(["8", "16"]), default="8", show_default=True, help="Width of a value.")
@click.option(
    "--zeros", type=NumberRange(0, 1), metavar="SHARE", help="A table alone, with this share of zeros; runs nothing."
)
@click.option("--random-weights", type=WholeRange(0), metavar="SEED", help="Draw filters anew (He-normal).")
@click.option("--skip", is_flag=True, help="Leave out nodes that cannot be expressed; every output says so.")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Of MODEL.  [default: by its name]")
@click.option("--out", metavar="NET.h5", help="Write the trace.")
@click.option("--csv", "csv_file", metavar="NET.csv", help="Write the layer table; - is standard output.")
def importing(
    model: str,
    more: tuple[str, ...],
    images: tuple[str, ...],
    preprocess: str | None,
    array: str | None,
    shape: str | None,
    bits: str,
    zeros: float | None,
    random_weights: int | None,
    skip: bool,
    kind: str | None,
    out: str | None,
    csv_file: str | None,
) -> None:
    """Import MODEL: an ONNX model with the values of its layers on pictures, or a list of layers.

    \b
    python -m traces import model.onnx --image cat.jpg --preprocess imagenet --out net.h5
    python -m traces import model.onnx --zeros 0.5 --csv net.csv
    python -m traces import topology.csv --format scalesim --csv net.csv
    """
    if out is None and csv_file is None:
        raise InputError("neither --out nor --csv is given; expected a file to write")
    if out == STANDARD_OUTPUT:
        raise InputError("--out is -; expected the name of a file, since HDF5 cannot go to standard output")
    if out is not None and Path(out).suffix.lower() != ".h5":
        raise InputError(f"--out is {out}; expected a name that ends in .h5, by which a trace is known")
    if csv_file not in (None, STANDARD_OUTPUT) and Path(str(csv_file)).suffix.lower() != ".csv":
        raise InputError(f"--csv is {csv_file}; expected a name that ends in .csv, by which a table is known")
    pictures = (*images, *more)
    check_writable(out, csv_file, inputs=(model, *pictures, array))
    kind = kind or _kind_of(model)
    if kind != "onnx" or zeros is not None:
        network, left_out = _table(kind, model, zeros, _sizes(shape), skip, bool(pictures or array or out))
        write_chosen((csv_file, lambda: as_table(network).encode()))
        _say(network, left_out, [])
        return
    if more and not images:
        raise InputError(f"{more[0]}: stands without --image; expected --image before pictures")
    if pictures and array is not None:
        raise InputError("--image and --input are both given; expected one of them")
    if not pictures and array is None:
        raise InputError(f"{model}: expected pictures (--image), an array (--input), or --zeros for a table alone")
    from traces.importers.onnx import import_onnx
    from traces.trace import warnings_of

    with _progress() as tell:
        trace = import_onnx(
            model,
            images=[Path(picture) for picture in pictures] if array is None else _array(array),
            preprocess=preprocess,
            bits=int(bits),
            shape=_sizes(shape),
            random_weights=random_weights,
            skip=skip,
            progress=tell,
        )
    write_chosen((out, trace.hdf5), (csv_file, lambda: as_table(trace.table).encode()))
    anew = [
        f"layer {name}: the model's own integers do not fit {bits} bits around 0; its ifmap is quantised anew"
        for name in trace.source["quantised_anew"]
    ]
    _say(trace.table, trace.source["left_out"], [*anew, *warnings_of(trace.layers)])


def _kind_of(model: str) -> str:
    suffix = Path(model).suffix.lower()
    if suffix in (".csv", ".yaml", ".yml") or Path(model).is_dir():
        asked = "scalesim" if suffix == ".csv" else "timeloop"
        raise InputError(f"{model}: is no ONNX model; expected --format {asked} with a list of layers")
    return "onnx"


def _table(
    kind: str,
    model: str,
    zeros: float | None,
    shape: tuple[int, ...] | dict[str, tuple[int, ...]] | None,
    skip: bool,
    has_values: bool,
) -> tuple[Network, list[str]]:
    """The layers of a model or a list, without values."""
    if has_values:
        what = "--zeros" if kind == "onnx" else f"--format {kind}"
        raise InputError(f"{what} makes a table alone; expected --csv, and neither pictures, --input nor --out")
    if kind == "onnx":
        from traces.importers.onnx import import_table

        return import_table(model, zeros=zeros or 0.0, shape=shape, skip=skip)
    if zeros is not None and not 0 <= zeros <= 1:
        raise InputError(f"--zeros is {zeros}; expected a share from 0 to 1")
    if kind == "scalesim":
        from traces.importers.scalesim import read_topology

        return read_topology(Path(model), zeros or 0.0), []
    from traces.importers.timeloop import read_problems

    return read_problems(Path(model), zeros), []


def _sizes(text: str | None) -> tuple[int, ...] | dict[str, tuple[int, ...]] | None:
    """``1x3x224x224``, with or without the input's name before it."""
    if text is None:
        return None
    name, _, sizes = text.rpartition(":")
    try:
        found = tuple(whole_number(size) for size in sizes.lower().split("x"))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise InputError(f"--shape is {text!r}; expected sizes such as 1x3x224x224")
    return {name: found} if name else found


def _array(text: str) -> NDArray[Any]:
    """An array in a file, with or without the input's name before it."""
    path = Path(text)
    if not path.exists() and "=" in text:
        path = Path(text.partition("=")[2])
    try:
        # mapped, so that an array that claims to be larger than its file is refused before it takes memory
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    # what NumPy raises depends on where the damage is: it parses the header as Python
    except Exception as error:
        raise InputError(f"{path}: cannot be read as an array ({error}); expected a .npy file") from error
    if not isinstance(values, np.ndarray) or values.ndim < 1 or not np.issubdtype(values.dtype, np.number):
        raise InputError(f"{path}: is no array of numbers; expected a .npy file")
    return values


def _say(network: Network, left_out: list[str], warnings: list[str]) -> None:
    macs = sum(layer.macs for layer in network.layers)
    log.info("%s: %d layers, %d MACs an image", network.name, len(network.layers), macs)
    for line in left_out:
        log.warning("left out: %s", line)
    for line in warnings:
        log.warning("%s", line)


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A bar on standard error, where somebody watches."""
    if is_quiet() or not sys.stderr.isatty():
        yield lambda _what, _share: None
        return
    with click.progressbar(length=1000, file=sys.stderr, item_show_func=lambda what: what, label="import") as bar:

        def tell(what: str, share: float) -> None:
            bar.update(max(0, round(1000 * share) - bar.pos), what)

        yield tell
