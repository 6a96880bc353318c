"""Small ONNX models, made node by node, for tests of the importer."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(0)


def weights(*shape: int, name: str = "w", seed: int = 0) -> Any:
    """Random float weights as an initializer."""
    values = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def constant(values: Any, name: str, dtype: Any = np.float32) -> Any:
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def node(op: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    """A node whose name is its output's."""
    domain = attributes.pop("domain", "")
    return helper.make_node(op, inputs, [output], name=output, domain=domain, **attributes)


def inner(name: str) -> Any:
    """A graph inside a node, which reads what is outside it."""
    made = [helper.make_node("Identity", ["x"], [f"{name}_out"])]
    return helper.make_graph(made, name, [], [helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, None)])


def save(
    path: Path,
    nodes: list[Any],
    initial: list[Any],
    shape: tuple[Any, ...],
    *,
    outputs: tuple[str, ...] = ("y",),
    opset: int = 17,
    dtype: int = TensorProto.FLOAT,
    makes: int = TensorProto.FLOAT,
) -> Path:
    """A model with one input ``x``; its outputs' shapes are left open."""
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("x", dtype, shape)],
        [helper.make_tensor_value_info(name, makes, None) for name in outputs],
        initial,
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.example", 1)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), path)
    return path


def picture(*shape: int, seed: int = 1) -> NDArray[np.float32]:
    """A random input, one image along the first axis each."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
