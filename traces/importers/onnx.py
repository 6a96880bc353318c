"""A trained network in ONNX, with pictures of one's own, as a trace."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytical.hardware import PRESETS
from analytical.layer import Layer
from analytical.network import Network
from analytical.networks.table import as_table, parse_table
from traces.importers.onnx_graph import ImportedGraph, ModelError, input_name, load_model, read_graph, refusals
from traces.importers.onnx_values import (
    Reference,
    dequantised,
    give_random_weights,
    layer_values,
    wanted,
    with_zeros,
    zeros_of_operations,
)
from traces.importers.pictures import Preprocessing, digests, preprocessing, read_picture
from traces.tensors import digest_of
from traces.trace import Arrays, Trace, TracedLayer, in_memory


def import_onnx(
    path: str | Path,
    *,
    images: Sequence[str | Path] | str | Path | NDArray[Any] = (),
    preprocess: str | Preprocessing | None = None,
    bits: int = 8,
    shape: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
    random_weights: int | None = None,
    skip: bool = False,
    progress: Callable[[str, float], None] | None = None,
) -> Trace:
    """Run a model on images, and keep what its layers read and write.

    Parameters
    ----------
    path : str or Path
        The model, ``.onnx``; external weights lie beside it.
    images : paths, or array
        Pictures, or an array of what the model's input takes, one image along the first axis each.
    preprocess : str or Preprocessing, optional
        What the network was trained with (:func:`traces.importers.pictures.preprocessing`); needed for pictures, unless
        the input takes bytes.
    bits : int
        8 or 16.
    shape : sequence of int, or mapping of str to it, optional
        The input's, where the model leaves it open; with its name, that is checked.
    random_weights : int, optional
        A seed: filters are drawn anew; for models whose weights are not trained.
    skip : bool
        Leave out nodes that cannot be expressed.
    progress : callable, optional
        Told of what is done, and of the share of it.

    Returns
    -------
    Trace

    Raises
    ------
    ModelError
        Something that cannot be imported; the message has a line for each node.
    PictureError
        A picture or a preprocessing that cannot be used.

    Examples
    --------
    >>> import_onnx("no.onnx", images="cat.jpg", preprocess="imagenet")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    traces.importers.onnx_graph.ModelError: no.onnx: cannot be read as an ONNX model (No such file or directory); ...
    """
    path = Path(path)
    if bits not in PRESETS:
        raise ModelError(f"bits is {bits!r}; expected {' or '.join(map(str, sorted(PRESETS)))}")
    tell = progress or (lambda _what, _share: None)
    tell("reading", 0.0)
    model = load_model(path)
    graph, left_out = graph_of_model(model, path, _shape_of(images) if shape is None else shape, skip=skip)
    if random_weights is not None:
        give_random_weights(model, graph, random_weights)
    inputs, said = _inputs(graph, path, images, preprocess)
    tell("running", 0.05)
    reference = Reference(model, path, wanted(graph))
    layers: list[TracedLayer] = []
    arrays: dict[str, Arrays] = {}
    rows: list[Layer] = []
    had_integers, anew = dequantised(model), []
    made = [reference(image) for image in inputs]
    tell("running", 0.3)
    for number, (layer, values) in enumerate(layer_values(graph, model, made, bits)):
        row = with_zeros(layer, values)
        rows.append(replace(row, first=graph.network.layers[number].first))
        arrays[row.name] = Arrays(values.ifmap, values.filters, values.written)
        layers.append(_traced(layer.node, layer.op, row, values))
        # of more bits than fit here, or around another zero
        if layer.ifmap in had_integers and not values.integers:
            anew.append(row.name)
        tell(row.name, 0.3 + 0.7 * (number + 1) / len(graph.layers))
    zeros = zeros_of_operations(graph, made, bits)
    network = replace(
        graph.network,
        layers=tuple(rows),
        operations=tuple(
            replace(row, sparsity_ofmap=zeros[row.name], batch=len(inputs)) for row in graph.network.operations
        ),
    )
    source = {
        "model": digests([path])[0],
        **said,
        "random_weights": random_weights,
        "left_out": left_out,
        "quantised_anew": anew,
        "versions": _versions(),
    }
    # as a file has it, so that a trace that was read again is the same
    table = parse_table(as_table(network), network.name)
    return Trace(table=table, bits=bits, layers=tuple(layers), source=source, arrays=in_memory(arrays))


def import_table(
    path: str | Path,
    *,
    zeros: float,
    shape: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
    skip: bool = False,
) -> tuple[Network, list[str]]:
    """The layers of a model without running it, with one share of zeros for all feature maps but the image.

    Parameters
    ----------
    path : str or Path
    zeros : float
        From 0 to 1.
    shape, skip
        As for :func:`import_onnx`.

    Returns
    -------
    Network, list of str
        And a line for each node that was left out.

    Raises
    ------
    ModelError
        Something that cannot be imported.

    Examples
    --------
    >>> import_table("model.onnx", zeros=1.5)
    Traceback (most recent call last):
    ...
    traces.importers.onnx_graph.ModelError: zeros is 1.5; expected a share from 0 to 1
    """
    path = Path(path)
    if not 0 <= zeros <= 1:
        raise ModelError(f"zeros is {zeros}; expected a share from 0 to 1")
    graph, left_out = graph_of_model(load_model(path), path, shape, skip=skip)
    layers = tuple(_assumed(row, zeros) for row in graph.network.layers)
    operations = tuple(replace(row, sparsity_ofmap=zeros) for row in graph.network.operations)
    return replace(graph.network, layers=layers, operations=operations), left_out


def graph_of_model(
    model: Any, path: Path, shape: Sequence[int] | Mapping[str, Sequence[int]] | None = None, *, skip: bool = False
) -> tuple[ImportedGraph, list[str]]:
    """What a model becomes, and a line for each node that is left out.

    Raises
    ------
    ModelError
        A node cannot be expressed and is not to be left out; all of them are listed.
    """
    if shape is not None and not isinstance(shape, Mapping):
        shape = {input_name(model, path): shape}
    graph = read_graph(model, path, shape)
    if not graph.refused:
        return graph, []
    lines = refusals(graph.refused, sum(layer.row.macs for layer in graph.layers))
    if not skip:
        count = f"{len(lines)} node{'s' * (len(lines) > 1)}"
        listed = "\n".join(f"  {line}" for line in lines)
        raise ModelError(f"{path}: {count} cannot be expressed; expected a model without, or --skip:\n{listed}")
    # the name says so in every output
    name = f"{graph.network.name} (without {len(lines)} node{'s' * (len(lines) > 1)})"
    return replace(graph, network=replace(graph.network, name=name)), lines


def _assumed(row: Layer, zeros: float) -> Layer:
    """With that share of zeros, and zeros for the padding; the image has none of its own."""
    height, width = row.unpadded
    inner = height * width / (row.H * row.W)
    own = 0.0 if row.first else zeros
    return replace(row, sparsity_ifmap=1 - inner * (1 - own), sparsity_ofmap=zeros)


def _shape_of(images: Any) -> Sequence[int] | None:
    """What an array says of the input's shape."""
    return (1, *images.shape[1:]) if isinstance(images, np.ndarray) else None


def _inputs(
    graph: ImportedGraph, path: Path, images: Any, preprocess: str | Preprocessing | None
) -> tuple[list[NDArray[Any]], dict[str, Any]]:
    """What the input takes, image by image, and where it is from."""
    if isinstance(images, np.ndarray):
        if preprocess is not None:
            raise ModelError(f"{path}: preprocess is {preprocess} with an array; expected one that is ready, and none")
        if images.shape[1:] != graph.input_shape[1:] or not len(images):
            raise ModelError(f"{path}: the input given is {images.shape}; expected N x {graph.input_shape[1:]}")
        # beyond the range of the input's type, numbers become infinite
        with np.errstate(over="ignore", invalid="ignore"):
            images = images.astype(graph.input_type, copy=False)
        if not np.isfinite(images).all():
            raise ModelError(
                f"{path}: the input given has NaN or infinities as {images.dtype}; expected finite numbers"
            )
        digest = sha256(np.ascontiguousarray(images).tobytes()).hexdigest()
        return [images[n : n + 1] for n in range(len(images))], {
            "pictures": [{"name": "array", "sha256": digest}],
            "preprocess": "none",
        }
    listed = [images] if isinstance(images, str | Path) else images
    if not isinstance(listed, Sequence) or not all(isinstance(one, str | Path) for one in listed):
        raise ModelError(f"{path}: images is {images!r}; expected paths of pictures, or an array")
    if preprocess is not None and not isinstance(preprocess, str | Preprocessing):
        # callers without a type checker
        raise ModelError(f"{path}: preprocess is {preprocess!r}; expected its name, or a Preprocessing")
    paths = [Path(one) for one in listed]
    if not paths:
        raise ModelError(f"{path}: no image; expected one, or a share of zeros for a table alone")
    if preprocess is None and graph.input_is_float:
        raise ModelError(
            f"{path}: no preprocessing; expected what the network was trained with: imagenet, tf, caffe, unit, raw, or "
            "mean=..,std=.."
        )
    shape = graph.input_shape
    if len(shape) != 4:
        raise ModelError(
            f"{path}: its input is {'x'.join(map(str, shape))}, no picture; expected --input with an array"
        )
    # channels first, as most models have them, unless only the last axis can be channels
    last = shape[3] in (1, 3) and shape[1] not in (1, 3)
    channels, height, width = (shape[3], shape[1], shape[2]) if last else shape[1:]
    how = preprocessing(preprocess) if isinstance(preprocess, str) else preprocess
    if not graph.input_is_float and how not in (None, Preprocessing()):
        raise ModelError(f"{path}: its input takes bytes, and preprocess is {preprocess}; expected raw, or none")
    taken = []
    for picture in paths:
        values: NDArray[Any] = read_picture(picture, channels, height, width)
        values = values if how is None else how(values)
        values = values.astype(graph.input_type)
        taken.append(np.ascontiguousarray(values if last else values.transpose(2, 0, 1))[None])
    return taken, {"pictures": digests(paths), "preprocess": str(preprocess)}


def _traced(node: str, op: str, row: Layer, values: Any) -> TracedLayer:
    return TracedLayer(
        name=row.name,
        onnx_node=node,
        op=op,
        ifmap_scale=values.ifmap_scale,
        filter_scale=values.filter_scale,
        written_scale=values.written_scale,
        zero_share=row.sparsity_ifmap,
        zero_share_float=values.zero_share_float,
        snr_db=values.snr_db,
        reference_error=values.reference_error,
        integers=values.integers,
        digests=tuple(digest_of(psums) for psums in values.psums),
    )


def _versions() -> dict[str, str]:
    found = {}
    for package in ("eyeriss-neupart", "numpy", "onnx", "onnxruntime", "pillow"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
