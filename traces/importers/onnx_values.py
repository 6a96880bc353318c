"""The values of a model's layers, as onnxruntime computes them: the reference.

All optimisations are off and one thread works, so that the same model and image give the same values. Images go
through one by one. Needs the packages onnx and onnxruntime.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analytical.layer import Layer
from traces.convolution import convolve
from traces.importers.onnx_graph import ImportedGraph, ImportedLayer, ModelError
from traces.quantise import quantise, scale_of, snr_db
from traces.tensors import zero_share

Tensors = Mapping[str, NDArray[Any]]


class LayerValues(NamedTuple):
    """A layer's integers over all images, and how they compare with the reference.

    Attributes
    ----------
    ifmap : (N, channels, H, W), int16
        Padded.
    filters : (F, C, R, S), int16
    written : (N, F, E, G), int16
    ifmap_scale, filter_scale, written_scale : float
    zero_share_float : float
        Share of zeros of the padded ifmap before it was quantised.
    snr_db : float
        Of the ifmap.
    psums : (N, F, E, G), int64
        Of the integers.
    reference_error : float
        The largest error of a dequantised psum, as a share of its bound (:func:`share_of_bound`).
    integers : bool
        The model has the ifmap's integers itself, and they fit.
    """

    ifmap: NDArray[np.int16]
    filters: NDArray[np.int16]
    written: NDArray[np.int16]
    ifmap_scale: float
    filter_scale: float
    written_scale: float
    zero_share_float: float
    snr_db: float
    psums: NDArray[np.int64]
    reference_error: float
    integers: bool


class Reference:
    """Runs a model on images and gives the tensors that are asked for.

    Parameters
    ----------
    model : onnx.ModelProto
        With the shape of its input fixed.
    path : Path
        Where it is from: external weights lie beside it, and messages name it.
    wanted : sequence of str
        Names of tensors.

    Raises
    ------
    ModelError
        onnxruntime is not there, or refuses the model.
    """

    def __init__(self, model: Any, path: Path, wanted: Sequence[str]) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ModelError(
                f'{path}: running it needs onnxruntime; expected pip install "eyeriss-neupart[onnx]"'
            ) from error
        import onnx

        self.path = path
        self._initial = {tensor.name: tensor for tensor in model.graph.initializer}
        self._asked = [name for name in dict.fromkeys(wanted) if name not in self._initial]
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        # an input that is a weight, as old models have them, would have to be fed
        inputs = [one for one in copy.graph.input if one.name not in self._initial]
        del copy.graph.input[:]
        copy.graph.input.extend(inputs)
        # from version 4 on, weights need not be inputs
        copy.ir_version = max(copy.ir_version, 4)
        self._input = inputs[0].name
        del copy.graph.output[:]
        computed = [name for name in self._asked if name != self._input]
        copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in computed)
        self._computed = computed
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            serialised = copy.SerializeToString()
            self._session = onnxruntime.InferenceSession(serialised, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no base of their own
            raise ModelError(f"{path}: onnxruntime refuses it: {_one_line(error)}") from error

    def __call__(self, image: NDArray[Any]) -> Tensors:
        """The tensors for one image."""
        import onnx

        try:
            outputs = self._session.run(self._computed, {self._input: image})
        except Exception as error:  # likewise
            raise ModelError(f"{self.path}: onnxruntime cannot run it: {_one_line(error)}") from error
        found = dict(zip(self._computed, outputs, strict=True)) | {self._input: image}
        return _Found(found, lambda name: onnx.numpy_helper.to_array(self._initial[name]))


class _Found(dict[str, Any]):
    """Tensors of a run, and the model's own constants, read when they are asked for."""

    def __init__(self, found: dict[str, Any], constant: Callable[[str], NDArray[Any]]) -> None:
        super().__init__(found)
        self._constant = constant

    def __missing__(self, name: str) -> NDArray[Any]:
        return self._constant(name)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def wanted(graph: ImportedGraph) -> list[str]:
    """Names of all tensors that :func:`layer_values` takes."""
    names = [graph.input]
    for layer in graph.layers:
        names += [layer.ifmap, layer.weight, layer.output, layer.written, *([layer.bias] if layer.bias else [])]
    return list(dict.fromkeys([*names, *graph.made_by.values()]))


def ifmap_of(layer: ImportedLayer, tensors: Tensors) -> NDArray[np.float32]:
    """A layer's ifmap (channels, H, W), padded, of one image."""
    row = layer.row
    values = np.asarray(tensors[layer.ifmap])
    if layer.form == "rows":
        return values.reshape(row.H, row.C).T.reshape(row.C, row.H, 1)
    height, width = row.H - sum(layer.padding[:2]), row.W - sum(layer.padding[2:])
    values = values.reshape(row.channels, height, width)
    return np.pad(values, ((0, 0), layer.padding[:2], layer.padding[2:]))


def filters_of(layer: ImportedLayer, tensors: Tensors) -> NDArray[np.float32]:
    """A layer's filters (F, C, R, S)."""
    row = layer.row
    values = np.asarray(tensors[layer.weight])
    # a matrix multiplication has inputs first, unless it says otherwise
    if layer.form in ("fc", "rows") and not layer.transposed and not layer.constant_left:
        values = values.T
    return values.reshape(row.F, row.C, row.R, row.S)


def output_of(layer: ImportedLayer, tensors: Tensors, name: str) -> NDArray[np.float32]:
    """A tensor of the shape of a layer's ofmap (F, E, G), of one image."""
    row = layer.row
    values = np.asarray(tensors[name])
    if layer.form == "rows":
        return values.reshape(row.E, row.F).T.reshape(row.F, row.E, 1)
    return values.reshape(row.F, row.E, row.G)


def share_of_bound(
    row: Layer,
    *,
    psums: NDArray[np.int64],
    reference: NDArray[np.floating],
    ifmap: NDArray[np.floating],
    filters: NDArray[np.floating],
    scales: tuple[float, float],
    bias: NDArray[np.floating] | None,
    alpha: float = 1.0,
) -> float:
    """The largest error of a dequantised psum of one image, as a share of what rounding can make.

    ``|s_x s_w psum + bias - reference|`` is at most ``s_x/2 sum|w| + s_w/2 sum|x| + taps s_x s_w/4``, the sums over the
    window, and what float32 loses: ``1e-5 (|reference| + max|x| sum|w|)``; a model of float16 loses more. A share above
    1 means that the integers are not those of this layer: a layout that is transposed, turned or swapped, say.

    Parameters
    ----------
    row : Layer
    psums, reference : (F, E, G)
    ifmap : (channels, H, W)
        Padded, real values.
    filters : (F, C, R, S)
        Real values.
    scales : (float, float)
        What a step of the ifmap and of the filters is worth.
    bias : (F,) or None
    alpha : float
        What the sums are multiplied by.
    """
    s_x, s_w = scales
    x, w = np.abs(np.asarray(ifmap, np.float64)), np.abs(np.asarray(filters, np.float64))
    of_filter = w.sum(axis=(1, 2, 3))[:, None, None]
    # what each window sees, over the channels of its group
    seen = x.reshape(row.groups, row.C, row.H, row.W).sum(axis=1)
    windows = sliding_window_view(seen, (row.R, row.S), axis=(1, 2))[:, :: row.U, :: row.V]
    of_window = windows[:, : row.E, : row.G].sum(axis=(3, 4))
    of_window = np.repeat(of_window, row.filters_per_group, axis=0)
    lost = max(1e-5, 16 * float(np.finfo(reference.dtype).eps)) if reference.dtype.kind == "f" else 1e-5
    exact = np.asarray(reference, np.float64)
    bound = s_x / 2 * of_filter + s_w / 2 * of_window + row.C * row.R * row.S * s_x * s_w / 4
    bound = abs(alpha) * bound + lost * (np.abs(exact) + abs(alpha) * (x.max() if x.size else 0.0) * of_filter)
    found = alpha * s_x * s_w * psums
    if bias is not None:
        found = found + np.asarray(bias, np.float64).reshape(-1, 1, 1)
    error = np.abs(found - exact)
    share = np.divide(error, bound, out=np.where(error > 0, np.inf, 0.0), where=bound > 0)
    return float(share.max())


def bias_of(layer: ImportedLayer, tensors: Tensors) -> NDArray[np.float64] | None:
    """What is added to the psums of each filter."""
    if layer.bias is None:
        return None
    values = layer.beta * np.asarray(tensors[layer.bias], np.float64)
    # one for each filter, or one for all
    return np.broadcast_to(values.reshape(-1), (layer.row.F,)) if values.size in (1, layer.row.F) else None


def layer_values(
    graph: ImportedGraph, model: Any, found: Sequence[Tensors], b_w: int
) -> Iterator[tuple[ImportedLayer, LayerValues]]:
    """Each layer's values, in order.

    Parameters
    ----------
    graph : ImportedGraph
    model : onnx.ModelProto
        For tensors that it has as integers.
    found : sequence of mapping
        Of each image, the :func:`wanted` tensors, from a :class:`Reference`.
    b_w : int
        Bits of a value.

    Raises
    ------
    ModelError
        A tensor that is not finite, or integers that are not those of the layer.
    """
    integers = dict(_integers_of(model))
    for layer in graph.layers:
        yield layer, _values_of(layer, found, integers, b_w)


def zeros_of_operations(graph: ImportedGraph, found: Sequence[Tensors], b_w: int) -> dict[str, float]:
    """The share of zeros of what each operation makes, in the words of the machine."""
    return {name: _zeros(found, tensor, b_w) for name, tensor in graph.made_by.items()}


def _zeros(found: Sequence[Tensors], tensor: str, b_w: int) -> float:
    values = [np.asarray(tensors[tensor], np.float64) for tensors in found]
    scale = scale_of(max(float(np.abs(one).max(initial=0.0)) for one in values), b_w)
    count = sum(int(np.count_nonzero(quantise(one, scale, b_w) == 0)) for one in values)
    return count / max(1, sum(one.size for one in values))


def _values_of(
    layer: ImportedLayer, found: Sequence[Tensors], integers: Mapping[str, tuple[float, int]], b_w: int
) -> LayerValues:
    row = layer.row
    real = [ifmap_of(layer, tensors) for tensors in found]
    weights = filters_of(layer, found[0])
    written_real = [output_of(layer, tensors, layer.written) for tensors in found]
    for what, arrays in (("ifmap", real), ("filters", [weights]), ("ofmap", written_real)):
        if not all(np.isfinite(values).all() for values in arrays):
            raise ModelError(f"layer {row.name}: its {what} has NaN or infinities; expected finite numbers")
    x_scale, own = _scale(layer.ifmap, real, integers, b_w)
    w_scale, _ = _scale(layer.weight, [weights], integers, b_w)
    ifmap = np.stack([quantise(one, x_scale, b_w) for one in real])
    filters = quantise(weights, w_scale, b_w)
    written_scale, _ = _scale(layer.written, written_real, integers, b_w)
    written = np.stack([quantise(one, written_scale, b_w) for one in written_real])
    psums = convolve(ifmap, filters, stride=(row.U, row.V), groups=row.groups, E=row.E, G=row.G)
    error = max(
        share_of_bound(
            row,
            psums=psums[number],
            reference=output_of(layer, tensors, layer.output),
            ifmap=real[number],
            filters=weights,
            scales=(x_scale, w_scale),
            bias=bias_of(layer, tensors),
            alpha=layer.alpha,
        )
        for number, tensors in enumerate(found)
    )
    if error > 1:
        raise ModelError(
            f"layer {row.name}: its integers give {error:.3g} times the error that rounding can make; expected at most "
            "1 (the importer misreads this model: please report it)"
        )
    stacked = np.stack(real)
    return LayerValues(
        ifmap=ifmap,
        filters=filters,
        written=written,
        ifmap_scale=x_scale,
        filter_scale=w_scale,
        written_scale=written_scale,
        zero_share_float=zero_share(stacked),
        snr_db=snr_db(stacked, ifmap, x_scale),
        psums=psums,
        reference_error=error,
        integers=own,
    )


def _scale(
    tensor: str, values: Sequence[NDArray[Any]], integers: Mapping[str, tuple[float, int]], b_w: int
) -> tuple[float, bool]:
    """A step's worth: the model's own where its integers fit the word, else from the largest value of all images."""
    largest = max(float(np.abs(one).max(initial=0.0)) for one in values)
    own = integers.get(tensor)
    if own is not None and round(largest / own[0]) <= (1 << (b_w - 1)) - 1:
        return own[0], True
    return scale_of(largest, b_w), False


def _integers_of(model: Any) -> Iterator[tuple[str, tuple[float, int]]]:
    """Tensors that come out of a DequantizeLinear with one scale and zero as zero point: scale, and zero point."""
    import onnx

    initial = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear" or node.input[1] not in initial:
            continue
        scale = onnx.numpy_helper.to_array(initial[node.input[1]]).astype(np.float64)
        zero = 0
        if len(node.input) > 2 and node.input[2]:
            if node.input[2] not in initial:
                continue
            points = onnx.numpy_helper.to_array(initial[node.input[2]])
            zero = int(np.abs(points.astype(np.int64)).max(initial=0))
        if scale.size == 1 and zero == 0 and scale.item() > 0:
            yield node.output[0], (float(scale.item()), 0)


def dequantised(model: Any) -> set[str]:
    """Tensors that a model has as integers first."""
    return {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}


def give_random_weights(model: Any, graph: ImportedGraph, seed: int) -> None:
    """Replace all filters of a model by normal values of variance 2 / inputs (He et al., 2015), in the order of layers.

    With them go the values that were trained beside them: biases become 0, and normalisations let values through.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed in place.
    graph : ImportedGraph
        Read of it.
    seed : int
        The same seed gives the same filters.
    """
    import onnx

    rng = np.random.default_rng(seed)
    made: dict[str, NDArray[np.float32]] = {}
    for layer in graph.layers:
        row = layer.row
        if layer.weight in made:
            continue
        inputs = row.C * row.R * row.S
        shape = _shape_in_model(layer)
        made[layer.weight] = (rng.standard_normal(shape) * math.sqrt(2 / inputs)).astype(np.float32)
        if layer.bias is not None:
            made[layer.bias] = np.zeros(row.F, np.float32)
    for name, value in _beside_weights(model, graph):
        shape = graph.shapes.get(name, ())
        if name in graph.constant and math.prod(shape) > 1 and all(shape):
            made.setdefault(name, np.full(shape, value, np.float32))
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in made]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    model.graph.initializer.extend(onnx.numpy_helper.from_array(values, name) for name, values in made.items())
    # a node that made one of them makes it no longer
    nodes = [node for node in model.graph.node if not set(node.output) & made.keys()]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _beside_weights(model: Any, graph: ImportedGraph) -> Iterator[tuple[str, float]]:
    """Tensors that scale or shift values channel by channel, and the number with which they do nothing."""
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            # scale, bias, mean, variance
            yield from zip(node.input[1:5], (1.0, 0.0, 0.0, 1.0), strict=False)
        elif node.op_type in ("Mul", "Add") and any(name not in graph.constant for name in node.input):
            yield from ((name, 1.0 if node.op_type == "Mul" else 0.0) for name in node.input)


def _shape_in_model(layer: ImportedLayer) -> tuple[int, ...]:
    row = layer.row
    if layer.form == "conv2d":
        return row.F, row.C, row.R, row.S
    if layer.form == "conv1d":
        return row.F, row.C, row.R
    inputs = row.C * row.R * row.S
    return (row.F, inputs) if layer.transposed or layer.constant_left else (inputs, row.F)


def with_zeros(layer: ImportedLayer, values: LayerValues) -> Layer:
    """The row with the shares of zeros of its values."""
    return replace(
        layer.row,
        sparsity_ifmap=zero_share(values.ifmap),
        sparsity_ofmap=zero_share(values.written),
        sparsity_filters=zero_share(values.filters),
        batch=len(values.ifmap),
    )
