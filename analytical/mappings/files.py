"""Files of mappings for an array like the Eyeriss chip's: published ones, and those that a person writes."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from analytical.files.toml import Whole, as_model, parse_toml, read_toml
from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.eyeriss import EyerissMapping
from analytical.mappings.tiling import MappingError
from analytical.networks import load_network

if TYPE_CHECKING:
    from analytical.mappings import Chosen

PUBLISHED = {"alexnet": "eyeriss_alexnet.toml", "vgg16": "eyeriss_vgg16.toml"}
"""Files of mappings on the chip, by network: published (JSSC 2017, Table III), or inferred from what was measured
(Table VI), as each file says."""


def known_mapping(layer: Layer, hardware: Hardware) -> "Chosen | None":
    """What the chip ran a layer of this name and shape with, on hardware of the chip's array and memories.

    Parameters
    ----------
    layer : Layer
        Recognised by name and shape; its sparsity and batch may be others.
    hardware : Hardware
        Recognised by array and memories; clocks, ports and prices may be others.

    Returns
    -------
    Chosen or None
        The mapping, and whether it is published (AlexNet's CONV layers) or inferred (VGG-16's); None where neither.

    Examples
    --------
    >>> known_mapping(load_network("alexnet").layer("C5"), EYERISS_16BIT).mapping
    EyerissMapping(m=64, n=4, e=13, p=16, q=3, r=2, t=2)
    >>> known_mapping(load_network("vgg16").layer("C1_2"), EYERISS_16BIT).origin.value
    'inferred'
    """
    from analytical.mappings import Chosen, Origin  # which imports this module where it is used

    if _of_chip(hardware) != _of_chip(EYERISS_16BIT):
        return None
    for network in PUBLISHED:
        # names such as C1 are common: the shape says whether it is that network's layer
        origin, mappings = _known(network)
        if layer.name in mappings and _shape(load_network(network).layer(layer.name)) == _shape(layer):
            return Chosen(mapping=mappings[layer.name], origin=Origin(origin))
    return None


def _of_chip(hardware: Hardware) -> tuple[float, ...]:
    """What a mapping has to fit."""
    h = hardware
    return h.J, h.K, h.f_s, h.I_s, h.P_s, h.b_w, h.glb_kib, h.glb_bank_kib, h.filter_buffer_kib


def _shape(layer: Layer) -> tuple[int, ...]:
    return layer.groups, layer.H, layer.W, layer.C, layer.R, layer.S, layer.F, layer.U, layer.V, layer.E, layer.G


# the fields of EyerissMapping, which would refuse the same numbers, but could not name file and field
class _Numbers(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    m: Whole = Field(ge=1)
    n: Whole = Field(ge=1)
    e: Whole = Field(ge=1)
    p: Whole = Field(ge=1)
    q: Whole = Field(ge=1)
    r: Whole = Field(ge=1)
    t: Whole = Field(ge=1)
    g: Whole | None = Field(default=None, ge=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    source: str = ""
    origin: Literal["published", "inferred", "file"] = "file"
    layers: dict[str, _Numbers]


def published_mappings(network: str) -> Mapping[str, EyerissMapping]:
    """The mappings of a network's layers on the chip; none if it is not in :data:`PUBLISHED`."""
    if network not in PUBLISHED:
        return {}
    return _known(network)[1]


@cache
def _known(network: str) -> tuple[str, Mapping[str, EyerissMapping]]:
    """Where the mappings of a network that ships are from, and the mappings."""
    name = PUBLISHED[network]
    text = files("analytical.mappings").joinpath("published", name).read_text(encoding="utf-8")
    file = as_model(parse_toml(text, name, MappingError), _File, name, MappingError)
    return file.origin, _mappings(file)


def load_mappings(path: str | Path) -> dict[str, EyerissMapping]:
    """The mappings in a TOML file: a table ``[layers.NAME]`` with m, n, e, p, q, r and t for each layer, and g where
    its tiles are not as wide as the ofmap.

    Whether they fit a hardware is found out when a layer is mapped with them.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to EyerissMapping
        By the names of the layers.

    Raises
    ------
    MappingError
        The file cannot be read, or is not such a file; the message names file and field.
    """
    return _mappings(as_model(read_toml(path, MappingError, "a mapping file"), _File, path, MappingError))


def as_toml(mappings: "Mapping[str, Chosen]", source: str) -> str:
    """The file that :func:`load_mappings` reads; where each mapping comes from is a comment.

    Parameters
    ----------
    mappings : mapping of str to Chosen
        By the names of the layers, each with an :class:`EyerissMapping`.
    source : str
        Where the file comes from, for people.

    Examples
    --------
    >>> from analytical.mappings import Chosen, Origin
    >>> mapping = EyerissMapping(m=64, n=4, e=13, p=16, q=3, r=2, t=2)
    >>> print(as_toml({"C5": Chosen(mapping=mapping, origin=Origin.FOUND, weighed=210)}, "an example")[:58])
    source = "an example"
    <BLANKLINE>
    [layers."C5"]  # found, 210 weighed
    """
    lines = [f"source = {_quoted(source)}"]
    for name, chosen in mappings.items():
        weighed = f", {chosen.weighed} weighed" if chosen.weighed else ""
        lines += ["", f"[layers.{_quoted(name)}]  # {chosen.origin.value}{weighed}"]
        lines += [f"{symbol} = {number}" for symbol, number in chosen.mapping.record().items()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML string: JSON's, but for a character that only TOML escapes, and what no encoding has."""
    # names may come from file names, whose undecodable bytes cannot be written as UTF-8
    known = text.encode("utf-8", "replace").decode()
    return json.dumps(known, ensure_ascii=False).replace("\x7f", "\\u007f")


def _mappings(file: _File) -> dict[str, EyerissMapping]:
    return {name: EyerissMapping(**numbers.model_dump()) for name, numbers in file.layers.items()}
