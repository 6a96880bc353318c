"""What an ONNX model becomes: rows of a layer table, and which tensors of the model each row reads and makes.

Nothing is run here: shapes come from ``onnx.shape_inference`` once the input's is fixed, and what is computed from
constants alone counts as constant. Needs the package onnx.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from analytical.errors import InputError
from analytical.layer import Layer
from analytical.network import IMAGE, Edges, Network
from traces.importers.names import LONGEST, distinct_name, short_names, without_operator

LARGEST_FLAT = 12
"""A fully connected layer over a feature map is a filter as large as the map up to so many rows and columns, which are
as many rows of PEs; a larger one is laid out in a row, 1x1 filters over as many channels."""


class ModelError(InputError):
    """A model that cannot be imported; the message has a line for each reason."""


Form = Literal["conv2d", "conv1d", "fc", "rows", "rows_left"]
"""How a layer's tensors lie in the model: ``rows`` is a matrix multiplication with several rows, a 1x1 convolution;
``rows_left`` has its constant on the left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedLayer:
    """A layer, and the tensors of the model that are its ifmap, filters and so on.

    Attributes
    ----------
    row : Layer
        Its row of the table, without zeros.
    node, op : str
        The model's full name of its node, and the operator.
    form : str
        How its tensors lie.
    ifmap, weight, output, written : str
        Names of tensors: what it reads, its filters, what it makes, and what crosses the link as its ofmap.
    bias : str or None
    padding : (int, int, int, int)
        Above, below, left and right, without what no window reads.
    alpha, beta : float
        What a Gemm multiplies its product and its bias by.
    transposed : bool
        A Gemm's weight is (outputs, inputs).
    constant_left : bool
        The constant stands left of what it multiplies, and is (outputs, inputs), too.
    """

    row: Layer
    node: str
    op: str
    form: Form
    ifmap: str
    weight: str
    output: str
    written: str
    bias: str | None = None
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    alpha: float = 1.0
    beta: float = 1.0
    transposed: bool = False
    constant_left: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A node that cannot be expressed: name, operator, why, and its MACs where they are known."""

    node: str
    op: str
    why: str
    macs: int | None


@dataclass(frozen=True, kw_only=True)
class ImportedGraph:
    """A model's layers, in order, and the operations between them.

    Attributes
    ----------
    network : Network
        Rows without zeros; its name is the file's.
    layers : list of ImportedLayer
        In the order of ``network.layers``.
    made_by : mapping of str to str
        The tensor that each operation makes, by the operation's name.
    refused : list of Refused
    input : str
        Name of the model's input.
    input_shape : tuple of int
    input_type : dtype
        Of the input's values.
    constant : set of str
        Tensors that no image changes.
    shapes : mapping of str to tuple of int
        Of all tensors, as far as they are known.
    """

    network: Network
    layers: list[ImportedLayer]
    made_by: Mapping[str, str]
    refused: list[Refused]
    input: str
    input_shape: tuple[int, ...]
    input_type: "np.dtype[Any]"
    constant: set[str]
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def input_is_float(self) -> bool:
        """Whether the input takes real values, and a picture has to be preprocessed."""
        return self.input_type.kind == "f"


# One computed input, the same shape out: run by the reference, and what follows reads what came before.
ELEMENTWISE = frozenset(
    {
        "Abs",
        "BatchNormalization",
        "Cast",
        "Ceil",
        "Celu",
        "Clip",
        "Cos",
        "DequantizeLinear",
        "Dropout",
        "Elu",
        "Erf",
        "Exp",
        "Floor",
        "Gelu",
        "GroupNormalization",
        "HardSigmoid",
        "HardSwish",
        "Identity",
        "InstanceNormalization",
        "LRN",
        "LayerNormalization",
        "LeakyRelu",
        "Log",
        "LogSoftmax",
        "LpNormalization",
        "MeanVarianceNormalization",
        "Mish",
        "Neg",
        "PRelu",
        "Pow",
        "QuantizeLinear",
        "RMSNormalization",
        "Reciprocal",
        "Relu",
        "Round",
        "Selu",
        "Shrink",
        "Sigmoid",
        "Sign",
        "Sin",
        "Softmax",
        "Softplus",
        "Softsign",
        "Sqrt",
        "Swish",
        "Tanh",
        "ThresholdedRelu",
    }
)
COMBINING = frozenset(["Add", "Sub", "Mul", "Div", "Sum", "Max", "Min", "Mean"])
"""Two computed inputs make a row of kind ``add``; with constants they are elementwise."""
RESHAPING = frozenset(["Flatten", "Reshape", "Squeeze", "Unsqueeze"])
POOLS = frozenset(["MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])

REFUSED = {
    "ConvTranspose": "a transposed convolution",
    "Einsum": "an Einstein sum; expected it as MatMul or Conv",
    "LSTM": "a recurrent layer",
    "GRU": "a recurrent layer",
    "RNN": "a recurrent layer",
    "QLinearConv": "a convolution in operator form of quantisation; expected the QDQ form",
    "QLinearMatMul": "a multiplication in operator form of quantisation; expected the QDQ form",
    "ConvInteger": "a convolution of integers; expected the QDQ form",
    "MatMulInteger": "a multiplication of integers; expected the QDQ form",
    "DeformConv": "a deformable convolution",
    "Attention": "attention, which multiplies computed tensors",
    "LinearAttention": "attention, which multiplies computed tensors",
    "FlexAttention": "attention, which multiplies computed tensors",
    "RotaryEmbedding": "a part of attention",
    "CausalConvWithState": "a convolution with a state",
    "TfIdfVectorizer": "not a network's layer",
    "Loop": "a loop",
    "Scan": "a loop",
    "If": "a branch that depends on values",
    "SequenceMap": "a loop",
}
"""Operators with MACs that the machine does not have, or whose insides are not known."""


class _Origin(NamedTuple):
    """Where a tensor comes from.

    Attributes
    ----------
    rows : tuple of str
        Names of the rows whose tensors it is made of, concatenated in this order.
    as_is : bool
        It has all their values in their order, so that who reads it reads them.
    whole : bool
        It has all their values, if in another order.
    """

    rows: tuple[str, ...]
    as_is: bool = True
    whole: bool = True


def load_model(path: Path) -> Any:
    """The model in a file, with weights that lie beside it.

    Raises
    ------
    ModelError
        onnx is not there, or the file is no model.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise ModelError(f'{path}: reading it needs onnx; expected pip install "eyeriss-neupart[onnx]"') from error
    try:
        model = onnx.load(path, load_external_data=False)
        _require_neighbours(model, path)
        onnx.load_external_data_for_model(model, str(path.parent))
    except (OSError, DecodeError, ValueError, onnx.checker.ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else " ".join(str(error).split())
        raise ModelError(f"{path}: cannot be read as an ONNX model ({why[:200]}); expected a model (.onnx)") from error
    if not model.graph.node or not model.opset_import:
        raise ModelError(f"{path}: is no ONNX model, or an empty one; expected one with nodes")
    return model


def read_graph(model: Any, path: Path, shapes: Mapping[str, Sequence[int]] | None = None) -> ImportedGraph:
    """What a model becomes.

    Parameters
    ----------
    model : onnx.ModelProto
        As :func:`load_model` gives it; the shapes of its inputs are fixed in place.
    path : Path
        Where it is from, for messages; its name becomes the network's.
    shapes : mapping of str to sequence of int, optional
        Shapes of inputs that the model leaves open.

    Raises
    ------
    ModelError
        A shape that is not known, or a model without any layer.
    """
    try:
        return _Reader(model, path, dict(shapes or {})).read()
    except ModelError:
        raise
    # a layer or a network that cannot be
    except InputError as error:
        raise ModelError(f"{path}: {error}") from error
    # a model may say anything of its nodes: operands that are not there, attributes of other kinds, sizes below zero
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError, MemoryError) as error:
        why = " ".join(str(error).split())[:150]
        raise ModelError(f"{path}: its graph cannot be read ({why}); expected one that onnx.checker takes") from error


def input_name(model: Any, path: Path) -> str:
    """The name of a model's input, which takes the image; old models list their weights as inputs, too.

    Raises
    ------
    ModelError
        There is none, or there are several.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    names = [one.name for one in model.graph.input if one.name not in weights]
    if len(names) != 1:
        raise ModelError(f"{path}: inputs are {', '.join(names) or 'none'}; expected one, which takes the image")
    return str(names[0])


def fix_input(model: Any, path: Path, shapes: Mapping[str, Sequence[int]]) -> Any:
    """The input of a model, with its shape fixed: one image at a time, and all other sizes as the model or ``shapes``
    say.

    Raises
    ------
    ModelError
        There is none, there are several, or a size that nobody says or that is not the model's.
    """
    import onnx

    inputs = [one for one in model.graph.input if one.name == input_name(model, path)]
    for name in shapes:
        if name != inputs[0].name:
            raise ModelError(f"{path}: --shape names {name!r}; expected the input, {inputs[0].name}")
    kind = inputs[0].type.tensor_type
    said = shapes.get(inputs[0].name)
    if said is not None:
        if kind.HasField("shape") and len(kind.shape.dim) not in (0, len(said)):
            expected = f"{len(kind.shape.dim)}, as {inputs[0].name}"
            raise ModelError(f"{path}: a shape of {len(said)} sizes is given; expected {expected}")
        dims = [dim.dim_value for dim in kind.shape.dim] or [0] * len(said)
        for fixed, size in zip(dims[1:], list(said)[1:], strict=True):
            if fixed > 0 and fixed != size:
                raise ModelError(f"{path}: a size of {size} is given where the model has {fixed}; expected {fixed}")
        kind.CopyFrom(onnx.helper.make_tensor_type_proto(kind.elem_type, list(said)).tensor_type)
    for at, dim in enumerate(kind.shape.dim):
        # images go through one by one
        if at == 0 and dim.dim_value <= 0:
            dim.dim_value = 1
        if dim.dim_value <= 0:
            example = ":".join([inputs[0].name, "x".join(["1", "3", "224", "224"][: len(kind.shape.dim)])])
            name = inputs[0].name
            raise ModelError(f"{path}: input {name} leaves its size open; expected --shape, such as {example}")
    sizes = [dim.dim_value for dim in kind.shape.dim]
    if not sizes or sizes[0] != 1:
        found = "x".join(map(str, sizes)) or "a number"
        raise ModelError(f"{path}: input {inputs[0].name} is {found}; expected one image, 1x..., or --shape with one")
    return inputs[0]


MOST_OF_SIZES = 1024
"""Values of a constant that may say sizes; larger ones are weights."""


def _without_weights(model: Any) -> Any:
    """A model with the shapes of its weights in place of the weights, and no sizes but its input's: those inside may be
    of another input."""
    import onnx

    light = onnx.ModelProto(ir_version=max(4, model.ir_version), opset_import=model.opset_import)
    light.functions.extend(model.functions)
    graph = light.graph
    graph.name = model.graph.name or "graph"
    graph.node.extend(model.graph.node)
    weights = {tensor.name for tensor in model.graph.initializer}
    graph.input.extend(one for one in model.graph.input if one.name not in weights)
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) > MOST_OF_SIZES:
            shape = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
            graph.input.append(shape)
        else:
            graph.initializer.append(tensor)
    for output in model.graph.output:
        graph.output.append(output)
        graph.output[-1].type.tensor_type.ClearField("shape")
    return light


def _known_shapes(light: Any, path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors of a model without weights, as far as they can be told; 0 is a size that is not known.

    Where inference leaves something open, what it could not follow, sizes that are computed from sizes, is computed
    here, and it is asked again.
    """
    import onnx

    while True:
        try:
            inferred = onnx.shape_inference.infer_shapes(light, strict_mode=False, data_prop=True)
        except Exception as error:  # what onnx raises has no base of its own
            raise ModelError(f"{path}: sizes cannot be inferred ({' '.join(str(error).split())[:200]})") from error
        shapes = {
            value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
            for value in (*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output)
            if value.type.tensor_type.HasField("shape")
        }
        shapes |= {tensor.name: tuple(tensor.dims) for tensor in light.graph.initializer}
        outputs = [name for node in light.graph.node for name in node.output if name]
        if all(name in shapes and all(shapes[name]) for name in outputs) or not _fold_sizes(light, shapes):
            return shapes


def _fold_sizes(light: Any, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Replace nodes that compute small constants, from sizes that are known or from each other, by what they compute;
    whether there were any."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in light.graph.initializer}
    kept, folded = [], False
    for node in light.graph.node:
        size = shapes.get(node.input[0], ()) if node.op_type == "Shape" else ()
        subgraph = any(attribute.type == onnx.AttributeProto.GRAPH for attribute in node.attribute)
        made: list[Any] | None = None
        if node.op_type == "Shape" and node.input[0] in shapes and all(size):
            made = [np.array(size, np.int64)[slice(*_from_to(node))]]
        elif all(name in values for name in node.input if name) and not subgraph and node.domain in ("", "ai.onnx"):
            try:
                made = list(ReferenceEvaluator(node).run(None, {name: values[name] for name in node.input if name}))
            except Exception:  # a node that cannot be followed here stays for inference
                made = None
        if made is None or any(np.size(value) > MOST_OF_SIZES for value in made):
            kept.append(node)
            continue
        for name, value in zip(node.output, made, strict=False):
            values[name] = np.asarray(value)
            light.graph.initializer.append(onnx.numpy_helper.from_array(values[name], name))
        folded = True
    del light.graph.node[:]
    light.graph.node.extend(kept)
    return folded


def _from_to(node: Any) -> tuple[int | None, int | None]:
    """Which sizes a node of kind Shape gives."""
    said = {attribute.name: attribute.i for attribute in node.attribute}
    return said.get("start"), said.get("end")


@dataclass
class _Reader:
    """Walks through a model's nodes, in order, and makes rows of them."""

    model: Any
    path: Path
    said: dict[str, Sequence[int]]
    layers: list[ImportedLayer] = field(default_factory=list)
    rows: list[tuple[str, Any, tuple[str, ...]]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def read(self) -> ImportedGraph:
        import onnx

        graph = self.model.graph
        entry = fix_input(self.model, self.path, self.said)
        self.shapes = _known_shapes(_without_weights(self.model), self.path)
        self.initial = {tensor.name: tensor for tensor in graph.initializer}
        self.shapes |= {name: tuple(tensor.dims) for name, tensor in self.initial.items()}
        self.nodes = list(graph.node)
        self.constant = set(self.initial)
        self.users: dict[str, list[Any]] = {}
        self.producer: dict[str, Any] = {}
        for node in self.nodes:
            for name in node.input:
                self.users.setdefault(name, []).append(node)
            for name in node.output:
                self.producer[name] = node
        self.results = {output.name for output in graph.output}
        self.input = entry.name
        self.origins: dict[str, _Origin] = {entry.name: _Origin((IMAGE,))}
        self.made_by: dict[str, str] = {}
        self._name_nodes()
        self._find_constants()
        for node in self.nodes:
            self._visit(node)
        if not self.layers:
            listed = "".join(f"\n  {line}" for line in refusals(self.refused, 0))
            expected = "expected Conv, Gemm or MatMul"
            raise ModelError(f"{self.path}: no layer with MACs that can be expressed; {expected}{listed}")
        return ImportedGraph(
            network=self._network(),
            layers=self.layers,
            made_by=self.made_by,
            refused=self.refused,
            input=entry.name,
            input_shape=self.shapes[entry.name],
            constant=self.constant,
            shapes=self.shapes,
            input_type=np.dtype(onnx.helper.tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type)),
        )

    def _find_constants(self) -> None:
        """What is computed from constants alone; sizes are, too, since the input's is fixed."""
        for node in self.nodes:
            # a subgraph may read what is outside it
            has_subgraph = node.op_type in ("If", "Loop", "Scan", "SequenceMap")
            known = self.constant.issuperset(name for name in node.input if name)
            if (known and not has_subgraph) or node.op_type in ("Shape", "Size"):
                self.constant.update(node.output)

    def _name_nodes(self) -> None:
        paths = [node.name or (node.output[0] if node.output else "") for node in self.nodes]
        # exporters end a path with the operator, which says nothing of the place
        ops = [node.op_type for node in self.nodes]
        shorter = short_names([without_operator(path, op) for path, op in zip(paths, ops, strict=True)], taken=[IMAGE])
        self.names = {id(node): name for node, name in zip(self.nodes, shorter, strict=True)}
        self.full = {id(node): path for node, path in zip(self.nodes, paths, strict=True)}

    # ---- nodes

    def _visit(self, node: Any) -> None:
        computed = [name for name in node.input if name and name not in self.constant]
        if self.constant.issuperset(node.output):
            return
        # what nobody has made: the outer input of a subgraph, say
        computed = [name for name in computed if name in self.origins] or computed[:1]
        if node.op_type in REFUSED or node.domain not in ("", "ai.onnx"):
            domain = f"of the domain {node.domain}" if node.domain not in ("", "ai.onnx") else ""
            self._refuse(node, domain or REFUSED[node.op_type], computed)
        elif node.op_type == "Conv":
            self._convolution(node, computed)
        elif node.op_type in ("Gemm", "MatMul"):
            self._multiplication(node, computed)
        elif node.op_type in POOLS or (node.op_type == "ReduceMean" and self._is_spatial(node)):
            self._pool(node, computed[0])
        elif node.op_type == "Concat" and self._axis(node) == 1:
            parts = [self._origin(name) for name in node.input if name not in self.constant]
            whole = len(parts) == len(node.input) and all(part.as_is for part in parts)
            rows = tuple(name for part in parts for name in part.rows)
            self._passes(node, _Origin(rows, as_is=whole and len(set(rows)) == len(rows), whole=whole))
        elif node.op_type in COMBINING and len(computed) > 1:
            self._combine(node, computed)
        elif node.op_type in ELEMENTWISE or (node.op_type in COMBINING and len(computed) == 1):
            same = self.shapes.get(computed[0]) == self.shapes.get(node.output[0])
            origin = self._origin(computed[0])
            self._passes(node, origin if same else origin._replace(as_is=False, whole=False))
        elif node.op_type in RESHAPING:
            self._passes(node, self._origin(computed[0]))
        elif node.op_type == "Transpose":
            # in another order, unless only axes of one value have moved
            self._passes(node, self._origin(computed[0])._replace(as_is=False))
        else:
            # a part of a tensor, a larger one, another order: run by the reference, and no cut behind it
            self._passes(node, _Origin(self._all_rows(computed), as_is=False, whole=False))

    def _origin(self, tensor: str) -> _Origin:
        return self.origins.get(tensor, _Origin((IMAGE,), as_is=False, whole=False))

    def _all_rows(self, tensors: Sequence[str]) -> tuple[str, ...]:
        rows = [name for tensor in tensors for name in self._origin(tensor).rows]
        return tuple(dict.fromkeys(rows))

    def _passes(self, node: Any, origin: _Origin) -> None:
        for name in node.output:
            self.origins[name] = origin

    def _refuse(self, node: Any, why: str, computed: Sequence[str], macs: int | None = None) -> None:
        if node.op_type == "ConvTranspose" and node.input[1] in self.shapes:
            # each value that it reads meets all of its filter
            macs = self._product(self.shapes.get(node.input[0], ())) * self._product(self.shapes[node.input[1]][1:])
        # a size that is not known is 0 here
        macs = macs or None
        self.refused.append(Refused(node=self.full[id(node)], op=node.op_type, why=why, macs=macs))
        self._passes(node, _Origin(self._all_rows(computed), as_is=False, whole=False))

    def _combine(self, node: Any, computed: list[str]) -> None:
        origins = [self._origin(name) for name in computed]
        # x * sigmoid(x) is an activation: both come from the same rows
        if all(origin.rows == origins[0].rows for origin in origins):
            self._passes(node, _Origin(origins[0].rows, all(o.as_is for o in origins), all(o.whole for o in origins)))
            return
        shape = self.shapes.get(node.output[0], ())
        parts = [self._as_image(self.shapes.get(name, ())) for name in computed]
        made = self._as_image(shape)
        fits = made is not None and all(
            part is not None and part[0] == made[0] and part[1:] in (made[1:], (1, 1)) for part in parts
        )
        if not fits or made is None:
            self._passes(node, _Origin(self._all_rows(computed), as_is=False, whole=False))
            return
        inputs = tuple(self._one_row(name, node) for name in computed)
        if len(set(inputs)) < len(inputs):
            self._passes(node, _Origin(tuple(dict.fromkeys(inputs))))
            return
        self._operation(node, "add", inputs, made, made)

    def _pool(self, node: Any, tensor: str) -> None:
        reads, makes = self._as_image(self.shapes.get(tensor, ())), self._as_image(self.shapes.get(node.output[0], ()))
        if reads is None or makes is None or reads[0] != makes[0]:
            self._passes(node, _Origin(self._all_rows([tensor]), as_is=False, whole=False))
            return
        window = tuple(self._attribute(node, "kernel_shape", list(reads[1:])))
        strides = tuple(self._attribute(node, "strides", [1] * len(window)))
        if len(window) == 1:
            window, strides = (window[0], 1), (strides[0], 1)
        # a window may be larger than what it reads, with padding; a row says what fits
        size = tuple(min(one, other) for one, other in zip(window, reads[1:], strict=True))
        inputs = self._rows_read(tensor, reads, node)
        self._operation(node, "pool", inputs, reads, makes, window=size, stride=strides)

    def _operation(
        self,
        node: Any,
        kind: Any,
        inputs: tuple[str, ...],
        reads: tuple[int, int, int],
        makes: tuple[int, int, int],
        *,
        name: str | None = None,
        **more: Any,
    ) -> str:
        name = name or self.names[id(node)]
        self.rows.append((name, Layer.operation(name, kind, reads=reads, makes=makes, **more), inputs))
        if kind != "other":
            for output in node.output[:1]:
                self.origins[output] = _Origin((name,))
            self.made_by[name] = node.output[0]
        return name

    def _rows_read(self, tensor: str, shape: tuple[int, int, int], node: Any) -> tuple[str, ...]:
        """Rows whose tensors, one after the other, are what a node reads; where it reads something else made of them, a
        row of kind ``other`` is put between."""
        origin = self._origin(tensor)
        if origin.as_is and self._size_of(origin.rows) == shape:
            return origin.rows
        name = self._free(f"{self.names[id(node)][: LONGEST - 3]}.in")
        self._operation(node, "other", origin.rows, shape, shape, name=name)
        self.made_by[name] = tensor
        # who reads the same again reads this row
        self.origins[tensor] = _Origin((name,))
        return (name,)

    def _free(self, wanted: str) -> str:
        """A name that no row has and no node gives."""
        taken = {name for name, _, _ in self.rows} | {*self.names.values(), IMAGE}
        return distinct_name(wanted, taken)

    def _one_row(self, tensor: str, node: Any) -> str:
        """The row that makes a tensor; a concatenation, or what is made of others, gets a row of its own."""
        origin = self._origin(tensor)
        shape = self._as_image(self.shapes.get(tensor, ())) or (1, 1, 1)
        if origin.as_is and len(origin.rows) == 1 and self._size_of(origin.rows) == shape:
            return origin.rows[0]
        if origin.as_is and len(origin.rows) > 1 and self._size_of(origin.rows) == shape:
            producer = self.producer.get(tensor, node)
            name = self._free(self.names[id(producer)])
            # a pool of single pixels: the concatenation as a tensor that several rows read
            self.rows.append((name, Layer.operation(name, "pool", reads=shape, makes=shape), origin.rows))
            self.made_by[name] = tensor
            self.origins[tensor] = _Origin((name,))
            return name
        return self._rows_read(tensor, shape, node)[0]

    def _size_of(self, rows: tuple[str, ...]) -> tuple[int, int, int] | None:
        """Channels, height and width of what rows make, one after the other; None where they do not fit together."""
        sizes: list[tuple[int, int, int]] = []
        for name in rows:
            if name == IMAGE:
                size = self._as_image(self.shapes[self.input])
            else:
                row = next(row for row_name, row, _ in self.rows if row_name == name)
                row = row.row if isinstance(row, ImportedLayer) else row
                size = (row.F, row.E, row.G)
            if size is None or (sizes and size[1:] != sizes[0][1:]):
                return None
            sizes.append(size)
        return sum(size[0] for size in sizes), sizes[0][1], sizes[0][2]

    # ---- layers

    def _convolution(self, node: Any, computed: list[str]) -> None:
        x, weight = node.input[0], node.input[1]
        filters, made = (self.shapes.get(name, ()) for name in (weight, node.output[0]))
        x, before = self._unpadded(node, x)
        shape = self.shapes.get(x, ())
        axes = len(shape) - 2 if shape else 0
        macs = self._product(made) * self._product(filters[1:]) if made and filters else None
        if weight not in self.constant:
            return self._refuse(node, "filters that are computed; expected constants", computed, macs)
        if shape and axes not in (1, 2):
            return self._refuse(node, f"a convolution over {axes} axes; expected 1 or 2", computed, macs)
        if min(self._attribute(node, "pads", [0])) < 0:
            return self._refuse(node, "negative padding; expected none, or some", computed, macs)
        if not all(shape) or not all(filters) or not all(made) or len(made) != len(shape):
            return self._refuse(node, "sizes that are not known", computed, macs)
        dilations = self._attribute(node, "dilations", [1] * axes)
        if any(dilation > 1 and size > 1 for dilation, size in zip(dilations, filters[2:], strict=True)):
            return self._refuse(node, f"dilation {'x'.join(map(str, dilations))}; expected 1", computed, macs)
        strides = self._attribute(node, "strides", [1] * axes)
        sides = []
        for axis in range(axes):
            size = shape[2 + axis] + (before[axis] + before[axis + axes] if before else 0)
            pads = self._padding(node, axis, axes, size, filters[2 + axis], strides[axis], made[2 + axis])
            if before:
                # less what no window reads, as below for its own
                pads = self._trimmed(
                    pads[0] + before[axis], pads[1] + before[axis + axes], shape[2 + axis], filters[2 + axis],
                    strides[axis], made[2 + axis],
                )  # fmt: skip
            if abs(pads[0] - pads[1]) > 1:
                why = f"padding of {pads[0]} and {pads[1]} before and after; expected them at most one apart"
                return self._refuse(node, why, computed, macs)
            sides.append(pads)
        if axes == 1:
            # length on the height, where PEs are many
            shape, filters, made = (*shape, 1), (*filters, 1), (*made, 1)
            sides, strides = [*sides, (0, 0)], [*strides, 1]
        (top, below), (left, right) = sides
        read = (shape[1], shape[2], shape[3])
        row = Layer(
            name=self.names[id(node)],
            groups=self._attribute(node, "group", 1),
            H=shape[2] + top + below,
            W=shape[3] + left + right,
            pad_h=(top + below) / 2,
            pad_w=(left + right) / 2,
            C=filters[1],
            R=filters[2],
            S=filters[3],
            F=filters[0],
            U=strides[0],
            stride_width=strides[1],
            E=made[2],
            G=made[3],
        )
        self._layer(
            node,
            row,
            self._rows_read(x, read, node),
            form="conv2d" if axes == 2 else "conv1d",
            ifmap=x,
            weight=weight,
            bias=node.input[2] if len(node.input) > 2 and node.input[2] else None,
            padding=(top, below, left, right),
        )
        return None

    def _padding(
        self, node: Any, axis: int, axes: int, size: int, window: int, stride: int, made: int
    ) -> tuple[int, int]:
        """Before and after along an axis, without what no window reads."""
        auto = self._attribute(node, "auto_pad", b"NOTSET")
        auto = auto.decode() if isinstance(auto, bytes) else auto
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            whole = max(0, (made - 1) * stride + window - size)
            smaller = whole // 2
            before, after = (smaller, whole - smaller) if auto == "SAME_UPPER" else (whole - smaller, smaller)
        else:
            pads = self._attribute(node, "pads", [0] * 2 * axes) if auto != "VALID" else [0] * 2 * axes
            before, after = pads[axis], pads[axis + axes]
        return self._trimmed(before, after, size, window, stride, made)

    @staticmethod
    def _trimmed(before: int, after: int, size: int, window: int, stride: int, made: int) -> tuple[int, int]:
        unread = size + before + after - ((made - 1) * stride + window)
        # but not so far that the two sides, which may be one apart, are no longer
        return before, max(0, after - max(0, unread), min(after, before - 1))

    def _unpadded(self, node: Any, tensor: str) -> tuple[str, list[int] | None]:
        """What a convolution reads before a node that pads it with zeros, and these, before and after each axis; where
        both together are more than a convolution has, the padded tensor as it is."""
        made = self.producer.get(tensor)
        if made is None or made.op_type != "Pad" or self._attribute(made, "mode", b"constant") != b"constant":
            return tensor, None
        pads = self._attribute(made, "pads", None) or (self._numbers(made.input[1]) if len(made.input) > 1 else None)
        rank = len(self.shapes.get(tensor, ()))
        values: list[Any] | None = [self._attribute(made, "value", 0.0)]
        if len(made.input) > 2 and made.input[2]:
            values = self._numbers(made.input[2])
        has_axes = len(made.input) > 3 and made.input[3]
        if pads is None or values is None or any(values) or has_axes or len(pads) != 2 * rank or min(pads) < 0:
            return tensor, None
        if any(pads[axis] or pads[axis + rank] for axis in (0, 1)):
            return tensor, None
        spatial = [*pads[2:rank], *pads[rank + 2 :]]
        own = self._attribute(node, "pads", [0] * len(spatial))
        whole = [side + more for side, more in zip(spatial, own, strict=False)]
        half = len(whole) // 2
        even = all(abs(one - other) <= 1 for one, other in zip(whole[:half], whole[half:], strict=True))
        auto = self._attribute(node, "auto_pad", b"NOTSET")
        return (made.input[0], spatial) if even and auto in (b"NOTSET", b"VALID", "NOTSET", "VALID") else (tensor, None)

    def _multiplication(self, node: Any, computed: list[str]) -> None:
        left, right = node.input[0], node.input[1]
        a, b = self.shapes.get(left, ()), self.shapes.get(right, ())
        made = self.shapes.get(node.output[0], ())
        macs = self._product(made) * a[-1] if made and a else None
        if left not in self.constant and right not in self.constant:
            return self._refuse(node, "two computed tensors; expected one constant", computed, macs)
        if not a or not b or not all(a) or not all(b):
            return self._refuse(node, "sizes that are not known", computed, macs)
        constant_left = left in self.constant
        weight, x = (left, right) if constant_left else (right, left)
        if len(self.shapes[weight]) != 2:
            return self._refuse(node, f"a constant of {len(self.shapes[weight])} axes; expected 2", computed, macs)
        gemm = node.op_type == "Gemm"
        turned = bool(gemm and self._attribute(node, "transB", 0))
        if gemm and (self._attribute(node, "transA", 0) or constant_left):
            why = "its first tensor constant or transposed; expected the second constant"
            return self._refuse(node, why, computed, macs)
        if constant_left:
            outputs, inputs = self.shapes[weight]
        else:
            inputs, outputs = self.shapes[weight][::-1] if turned else self.shapes[weight]
        steps = self._product(self.shapes[x]) // inputs
        more: dict[str, Any] = {
            "weight": weight,
            "bias": node.input[2] if gemm and len(node.input) > 2 and node.input[2] else None,
            "alpha": float(self._attribute(node, "alpha", 1.0)) if gemm else 1.0,
            "beta": float(self._attribute(node, "beta", 1.0)) if gemm else 1.0,
            "transposed": turned,
            "constant_left": constant_left,
        }
        name = self.names[id(node)]
        if steps == 1:
            channels, height, width = self._before_flattening(x, inputs)
            row = Layer(name=name, kind="fc", H=height, W=width, C=channels, R=height, S=width, F=outputs, E=1, G=1)
            # all values in whatever order: the fully connected layer reads what the rows make
            origin = self._origin(x)
            rows = origin.rows if origin.whole and self._values_of(origin.rows) == inputs else None
            self._layer(node, row, rows or self._rows_read(x, (inputs, 1, 1), node), form="fc", ifmap=x, **more)
            return None
        row = Layer(name=name, H=steps, W=1, C=inputs, R=1, S=1, F=outputs, E=steps, G=1)
        form = "rows_left" if constant_left else "rows"
        self._layer(node, row, self._rows_read(x, (inputs, steps, 1), node), form=form, ifmap=x, **more)
        return None

    def _before_flattening(self, tensor: str, inputs: int) -> tuple[int, int, int]:
        """The feature map that a fully connected layer reads, if it was only laid out in a row, and is small."""
        while (node := self.producer.get(tensor)) is not None:
            if node.op_type not in RESHAPING | {"Dropout", "Identity"}:
                break
            tensor = node.input[0]
            shape = self.shapes.get(tensor, ())
            if len(shape) == 4 and shape[0] == 1 and self._product(shape) == inputs:
                # of axes that were turned before, none is known to be the height
                turned = not self._origin(tensor).as_is
                flat = turned or shape[2] > LARGEST_FLAT or shape[3] > LARGEST_FLAT
                return (inputs, 1, 1) if flat else (shape[1], shape[2], shape[3])
        return inputs, 1, 1

    def _values_of(self, rows: tuple[str, ...]) -> int:
        return sum(self._product(self._size_of((name,)) or (0,)) for name in rows)

    def _layer(self, node: Any, row: Layer, inputs: tuple[str, ...], **more: Any) -> None:
        layer = ImportedLayer(
            row=row,
            node=self.full[id(node)],
            op=node.op_type,
            output=node.output[0],
            written=self._written(node.output[0]),
            **more,
        )
        self.layers.append(layer)
        self.rows.append((row.name, layer, inputs))
        self.origins[node.output[0]] = _Origin((row.name,))

    def _written(self, tensor: str) -> str:
        """What crosses the link as a layer's ofmap: its output after all that works on it value by value, as long as
        nobody else reads what is between."""
        shape = self.shapes.get(tensor)
        while tensor not in self.results:
            users = self.users.get(tensor, [])
            following = self._activation(tensor, users)
            if following is None or self.shapes.get(following) != shape:
                break
            tensor = following
        return tensor

    def _activation(self, tensor: str, users: list[Any]) -> str | None:
        def alone(node: Any) -> bool:
            others = [name for name in node.input if name and name != tensor]
            known = node.op_type in ELEMENTWISE or node.op_type in COMBINING
            return known and self.constant.issuperset(others)

        if len(users) == 1 and alone(users[0]):
            return str(users[0].output[0])
        # x * sigmoid(x), in two nodes
        if len(users) == 2:
            for first, second in (users, users[::-1]):
                inner = first.output[0]
                meets = self.users.get(inner, []) == [second] and second.op_type in COMBINING
                others = [name for name in second.input if name and name not in (tensor, inner)]
                if alone(first) and meets and self.constant.issuperset(others):
                    return str(second.output[0])
        return None

    # ---- small things

    def _network(self) -> Network:
        edges = {name: Edges(inputs=inputs) for name, _, inputs in self.rows}
        layers, before = [], None
        for _, row, inputs in self.rows:
            if isinstance(row, ImportedLayer):
                # the first reads the image, and whoever else does
                first = before is None or inputs == (IMAGE,)
                layers.append(replace(row.row, first=True) if first else row.row)
                before = row
        read = {name for _, _, inputs in self.rows for name in inputs}
        last = self.rows[-1][0]
        heads = tuple(name for name, _, _ in self.rows if name not in read and name != last)
        size = self._as_image(self.shapes[self.input])
        return Network(
            self.path.stem,
            tuple(layers),
            edges,
            size,
            operations=tuple(row for _, row, _ in self.rows if isinstance(row, Layer)),
            heads=heads,
        )

    def _as_image(self, shape: Sequence[int]) -> tuple[int, int, int] | None:
        """Channels, height and width of a tensor of one image; None if it is none."""
        if not shape or shape[0] != 1 or not all(shape):
            return None
        if len(shape) == 4:
            return shape[1], shape[2], shape[3]
        if len(shape) == 3:
            return shape[1], shape[2], 1
        return (shape[1], 1, 1) if len(shape) == 2 else None

    def _is_spatial(self, node: Any) -> bool:
        """A mean over height and width."""
        axes = self._attribute(node, "axes", None)
        if axes is None and len(node.input) > 1 and node.input[1]:
            axes = self._numbers(node.input[1])
        rank = len(self.shapes.get(node.input[0], ()))
        return axes is not None and rank == 4 and sorted(axis % rank for axis in axes) == [2, 3]

    def _numbers(self, tensor: str) -> list[Any] | None:
        """The values of a constant, of an initializer or a node of its own; None where they are not known."""
        import onnx

        made = self.producer.get(tensor)
        if tensor in self.initial:
            found = onnx.numpy_helper.to_array(self.initial[tensor])
        elif made is not None and made.op_type == "Constant" and made.attribute[0].name in ("value", "value_ints"):
            value = onnx.helper.get_attribute_value(made.attribute[0])
            found = np.asarray(value if isinstance(value, list) else onnx.numpy_helper.to_array(value))
        else:
            return None
        numbers: list[Any] = found.reshape(-1).tolist()
        return numbers

    def _axis(self, node: Any) -> int:
        axis = int(self._attribute(node, "axis", 1))
        return axis % max(1, len(self.shapes.get(node.output[0], ())) or 4)

    def _attribute(self, node: Any, name: str, default: Any) -> Any:
        import onnx

        for attribute in node.attribute:
            if attribute.name == name:
                return onnx.helper.get_attribute_value(attribute)
        return default

    @staticmethod
    def _product(shape: Sequence[int]) -> int:
        return int(np.prod([int(size) for size in shape], dtype=object)) if len(shape) else 1


def refusals(refused: Sequence[Refused], expressed: int) -> list[str]:
    """A line for each node that cannot be expressed, with its share of the model's MACs, or of those that are known.

    Parameters
    ----------
    refused : sequence of Refused
    expressed : int
        MACs of all layers that can be.

    Examples
    --------
    >>> refusals([Refused(node="up", op="ConvTranspose", why="a transposed convolution", macs=25)], 75)
    ['ConvTranspose up: a transposed convolution (25 % of the MACs)']
    """
    all_macs = expressed + sum(one.macs or 0 for one in refused)
    of = "the MACs" if all(one.macs is not None for one in refused) else "the MACs that are known"
    return [
        f"{one.op} {one.node}: {one.why}"
        + (f" ({100 * one.macs / all_macs:.2g} % of {of})" if one.macs is not None and all_macs else "")
        for one in refused
    ]


def _require_neighbours(model: Any, path: Path) -> None:
    """Refuse weights that lie outside the model's folder: a model may name any file of whoever opens it.

    Raises
    ------
    ModelError
    """
    from onnx import TensorProto
    from onnx.external_data_helper import _get_all_tensors as all_tensors

    folder = path.parent.resolve()
    for tensor in all_tensors(model):
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        said = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        place = (folder / said).resolve()
        if not said or not place.is_relative_to(folder) or not place.is_file():
            raise ModelError(
                f"{path}: the weights {tensor.name!r} are said to be in {said!r}; expected a file in the model's folder"
            )
