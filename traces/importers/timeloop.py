"""Timeloop problems: YAML files, each of one or more convolutions."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analytical.checks import is_number, is_whole
from analytical.layer import LARGEST, Layer, LayerError
from analytical.network import Network, NetworkError
from traces.importers.names import distinct
from traces.importers.timeloop_yaml import over_its_base, read_documents

EXPECTED = "a Timeloop problem in YAML"
"""What a file should be, for errors."""

_DIMENSIONS = ("C", "M", "R", "S", "P", "Q", "N", "G")
"""Sizes of a convolution; what is not said is 1."""

_ALSO = {"K": "M", "WStride": "Wstride", "HStride": "Hstride"}
"""Other names of sizes: filters in older files; strides in the layer lists that come with Timeloop, which itself looks
for the names above, does not find them there, and takes 1."""

_STRIDES = ("Wstride", "Hstride")
_DILATIONS = ("Wdilation", "Hdilation")

_ALWAYS_1 = (*_DILATIONS, "Groups")
"""What no layer of this project has, and what a converter for PyTorch writes beside its shapes without groups."""

_PASSED_OVER = ("densities", "H", "W", "Hpad", "Wpad", "Padding", "bitwidths")
"""What else stands among the sizes. But for densities, Timeloop does not read it either: it takes P and Q as given."""

_ABOUT = ("shape", "version", "name", "densities")
"""What stands beside the sizes where they are right under ``problem``."""

_DENSITIES = ("Inputs", "Weights", "Outputs")


def read_problems(path: Path, zeros: float | None = None) -> Network:
    """The network in a Timeloop problem file, or in a folder of them; its name is that of the file or folder.

    Read are version 0.4 and the older form, sizes under ``problem: instance:`` or right under ``problem:``. Shapes are
    convolutions: C channels and M filters (K in older files) of each of G groups, N images. A shape whose outputs have
    the channels C and that has no M is depthwise.

    P and Q are sizes of the *ofmap*. Which is its width? In Timeloop's ``cnn-layer``, P and R go with
    ``Wstride``, Q and S with ``Hstride``; and its Eyeriss keeps R within a PE, spreads S over the PEs of a column ("a
    different filter row") and Q over the columns. So here P and R lie along the width and Q and S along the height: the
    project's G, S, E, R. A shape that projects P with ``Hstride`` has it the other way round. Some files call P the
    height in remarks; where a layer is square, this makes no difference, and MACs are the same in any case.

    The ifmap is what the windows cover, (P - 1) * stride + R; padding is a part of it. Densities of ``Inputs`` and
    ``Outputs`` give the shares of zeros; those of ``Weights`` change no count of this project.

    Of Timeloop's additions to YAML, those are understood that the layer lists that come with it have:
    ``{{include_text('file')}}`` on a line of its own, and ``<<<:``.

    Parameters
    ----------
    path : Path
        A file, with ``---`` between problems where it has several; or a folder, of which each ``*.yaml`` is read in
        the order of the names, numbers in them by their value.
    zeros : float, optional
        Share of zeros of ifmaps and ofmaps for which the file gives no density, from 0 to 1; default: 0.

    Returns
    -------
    Network
        A layer for each problem, by the name of its file, or by its own in a file of several; names that stand again
        get ``_2``, ``_3`` and so on.

    Raises
    ------
    NetworkError
        A file that cannot be read or is no problem of a convolution, one with a dilation, or no PyYAML to read it with.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "conv5.yaml")
    ...     characters = path.write_text(
    ...         "problem: {shape: cnn-layer, C: 192, K: 256, R: 3, S: 3, P: 13, Q: 13, N: 4}"
    ...     )
    ...     network = read_problems(path)
    >>> layer = network.layer("conv5")
    >>> layer.H, layer.batch, layer.macs
    (15, 4, 74760192)
    """
    files = sorted(path.glob("*.yaml"), key=lambda file: _by_value(file.name)) if path.is_dir() else [path]
    if not files:
        raise NetworkError(f"{path}: no file *.yaml in this folder; expected {EXPECTED} for each layer")
    problems = [problem for file in files for problem in _problems(file)]
    names = distinct([name for name, _, _ in problems])
    layers = [
        parse_problem(problem, name, zeros, source=where)
        for name, (_, where, problem) in zip(names, problems, strict=True)
    ]
    # the image is what the first one reads; the folder "." has a name as well
    return Network(path.absolute().stem, (replace(layers[0], first=True), *layers[1:]))


def parse_problem(
    problem: Mapping[str, Any], name: str, zeros: float | None = None, *, source: str | None = None
) -> Layer:
    """The layer of a Timeloop problem.

    Parameters
    ----------
    problem : mapping
        What stands under the key ``problem``.
    name : str
        Name of the layer.
    zeros : float, optional
        Share of zeros where the problem gives no density; default: 0.
    source : str, optional
        What errors call the problem; default: the name.

    Returns
    -------
    Layer

    Raises
    ------
    NetworkError
        It is no convolution, or one that cannot exist.

    Examples
    --------
    >>> layer = parse_problem({"instance": {"C": 3, "M": 64, "P": 55, "Q": 27, "R": 11, "Wstride": 4}}, "conv1")
    >>> (layer.E, layer.G), (layer.H, layer.W), (layer.R, layer.S), (layer.U, layer.V)
    ((27, 55), (27, 227), (1, 11), (1, 4))
    """
    where = source or name
    problem = over_its_base(problem)
    shape = _shape(problem.get("shape"), where)
    instance = problem.get("instance", {key: value for key, value in problem.items() if key not in _ABOUT})
    if not isinstance(instance, dict):
        raise NetworkError(f"{where}: instance is {instance!r}; expected sizes by the names of dimensions")
    instance = over_its_base(instance)
    sizes = _sizes(instance, shape, where)
    densities = instance.get("densities", problem.get("densities"))
    groups, C = (sizes["G"] * sizes["C"], 1) if shape.depthwise else (sizes["G"], sizes["C"])
    widths, heights = (sizes["P"], sizes["R"]), (sizes["Q"], sizes["S"])
    if shape.stride_of_P == "Hstride":
        widths, heights = heights, widths
    (G, S), (E, R), V, U = widths, heights, sizes["Wstride"], sizes["Hstride"]
    H, W = (E - 1) * U + R, (G - 1) * V + S
    assumed = 0.0 if zeros is None else zeros
    try:
        return Layer(
            name=name,
            kind="fc" if (H, W) == (R, S) and groups == 1 else "conv",
            groups=groups,
            H=H,
            W=W,
            C=C,
            R=R,
            S=S,
            F=groups * sizes["M"],
            U=U,
            stride_width=V,
            E=E,
            G=G,
            sparsity_ifmap=_share(densities, "Inputs", assumed, where),
            sparsity_ofmap=_share(densities, "Outputs", assumed, where),
            sparsity_filters=_share(densities, "Weights", 0.0, where),
            batch=sizes["N"],
        )
    except LayerError as error:
        raise NetworkError(f"{where}: {error}") from error


def _by_value(name: str) -> list[str | int]:
    """A name as it is sorted: 2 comes before 10. Digits are every second part, so that like is compared with like."""
    return [int(part) if number % 2 else part for number, part in enumerate(re.split("([0-9]+)", name))]


def _problems(file: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Name, what errors call it, and what stands under ``problem``: for each document of a file."""
    documents = read_documents(file, EXPECTED)
    for number, document in enumerate(documents, start=1):
        alone = len(documents) == 1
        where = str(file) if alone else f"{file}, document {number}"
        problem = document.get("problem") if isinstance(document, dict) else None
        if not isinstance(problem, dict):
            raise NetworkError(f"{where}: nothing under a key 'problem'; expected {EXPECTED}")
        yield file.stem if alone else _own_name(problem, file.stem), where, problem


def _own_name(problem: Mapping[str, Any], otherwise: str) -> str:
    shape = problem.get("shape")
    names = (problem.get("name"), shape.get("name") if isinstance(shape, dict) else None)
    return next((name for name in names if isinstance(name, str) and name), otherwise)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shape:
    """What the shape of a convolution says.

    Attributes
    ----------
    depthwise : bool
        Each channel has an output of its own.
    stride_of_P : str
        The coefficient of P, and so the axis along which it lies.
    defaults : dict of str to int
        Coefficients where the instance does not say them.
    """

    depthwise: bool = False
    stride_of_P: str = "Wstride"
    defaults: Mapping[str, int] = field(default_factory=dict)


_SHAPES = {"cnn-layer": _Shape(), "dw-cnn-layer": _Shape(depthwise=True)}
"""Convolutions that come with Timeloop, which a file may call by their names."""


def _shape(shape: Any, where: str) -> _Shape:
    """A shape by its name or its description."""
    # as Timeloop does where nothing is said
    called = "cnn-layer" if shape is None else shape
    if isinstance(called, str) and (plain := called.replace("_", "-").lower()) in _SHAPES:
        return _SHAPES[plain]
    if not isinstance(shape, dict):
        raise NetworkError(f"{where}: shape is {shape!r}; expected {', '.join(_SHAPES)}, or a mapping with dimensions")
    dimensions, spaces, coefficients = (
        _list(shape, key, where) for key in ("dimensions", "data_spaces", "coefficients")
    )
    # M and K are two names for filters here, but two sizes of a matrix multiplication
    if any(name not in (*_DIMENSIONS, "K") for name in dimensions) or ("M" in dimensions and "K" in dimensions):
        raise NetworkError(
            f"{where}: dimensions are {dimensions}; expected those of a convolution: {', '.join(_DIMENSIONS)}, or some"
        )
    if spaces and (len(spaces) != 3 or not all(isinstance(space, dict) for space in spaces)):
        raise NetworkError(f"{where}: {len(spaces)} data spaces; expected 3, as {', '.join(_DENSITIES)}")
    terms = [list(_terms(space.get("projection"))) for space in spaces]
    strides = [term[1] for found in terms for term in found if len(term) > 1 and term[0] == "P"]
    for stride in strides:
        if stride not in _STRIDES:
            raise NetworkError(f"{where}: P is projected with {stride!r}; expected {' or '.join(_STRIDES)}")
    outputs = [term[0] for space, found in zip(spaces, terms, strict=True) if _is_output(space) for term in found]
    return _Shape(
        depthwise="C" in outputs and "M" not in outputs and "K" not in outputs,
        stride_of_P=strides[0] if strides else "Wstride",
        defaults=_defaults(coefficients, where),
    )


def _defaults(coefficients: list[Any], where: str) -> dict[str, int]:
    """What coefficients are where the instance does not say them."""
    known = (*_STRIDES, *_DILATIONS)
    defaults = {}
    for coefficient in coefficients:
        name = coefficient.get("name") if isinstance(coefficient, dict) else coefficient
        if name not in known:
            raise NetworkError(f"{where}: coefficient {name!r} is unknown; expected {', '.join(known)}, or some")
        if isinstance(coefficient, dict) and "default" in coefficient:
            defaults[name] = _size(coefficient["default"], name, where)
    return defaults


def _list(shape: Mapping[str, Any], key: str, where: str) -> list[Any]:
    """A list of a shape; with a hyphen in its name in older files."""
    found = shape.get(key, shape.get(key.replace("_", "-"), []))
    if not isinstance(found, list):
        raise NetworkError(f"{where}: {key} of the shape is {found!r}; expected a list")
    return found


def _terms(projection: Any) -> Iterator[list[Any]]:
    """The products in a projection, whose sums are the axes: a dimension, or a dimension and its coefficient."""
    for axis in projection if isinstance(projection, list) else []:
        for term in axis if isinstance(axis, list) else []:
            yield term if isinstance(term, list) and term else [term]


def _is_output(space: Mapping[str, Any]) -> bool:
    # by what is done with it: converters give data spaces the names of a network's tensors
    return bool(space.get("read_write", space.get("read-write", space.get("name") == "Outputs")))


def _sizes(instance: Mapping[str, Any], shape: _Shape, where: str) -> dict[str, int]:
    """Each dimension and coefficient of a convolution, by the names of version 0.4."""
    known = (*_DIMENSIONS, *_STRIDES, *_ALWAYS_1)
    sizes = {**dict.fromkeys(known, 1), **shape.defaults}
    for key, value in instance.items():
        name = _ALSO.get(key, key)
        if name in known:
            sizes[name] = _size(value, key, where)
        elif name not in _PASSED_OVER:
            # passed over, a dimension that is misspelt would be 1
            raise NetworkError(f"{where}: {key!r} is no size of a convolution; expected {', '.join(known)}, or some")
    if {"M", "K"} <= instance.keys():
        raise NetworkError(f"{where}: both M and K are there; expected one, the filters of a convolution")
    for name in _ALWAYS_1:
        if sizes[name] != 1:
            raise NetworkError(f"{where}: {name} is {sizes[name]}; expected 1")
    return sizes


def _size(value: Any, name: str, where: str) -> int:
    if not is_whole(value) or not 1 <= value <= LARGEST:
        raise NetworkError(f"{where}: {name} is {value!r}; expected a whole number from 1 to {LARGEST}")
    return int(value)


def _share(densities: Any, space: str, assumed: float, where: str) -> float:
    """The share of zeros of a data space."""
    if densities is None:
        return assumed
    if not isinstance(densities, dict) or not set(densities) <= set(_DENSITIES):
        raise NetworkError(f"{where}: densities are {densities!r}; expected some of {', '.join(_DENSITIES)}")
    if space not in densities:
        return assumed
    given = densities[space]
    density: Any = given.get("density") if isinstance(given, dict) else given
    if not is_number(density) or not 0 <= density <= 1:
        raise NetworkError(f"{where}: density of {space} is {given!r}; expected a number from 0 to 1")
    return 1 - float(density)
