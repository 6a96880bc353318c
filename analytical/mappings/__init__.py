"""Mappings of networks on the Eyeriss chip: those that were published, and files that a person writes."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analytical.chip_mapping import ChipMapping
from analytical.mapping import MappingError

PUBLISHED = ("alexnet",)
"""Networks whose mapping on the chip is published (JSSC 2017, Table III)."""


class _Numbers(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    m: int = Field(ge=1)
    n: int = Field(ge=1)
    e: int = Field(ge=1)
    p: int = Field(ge=1)
    q: int = Field(ge=1)
    r: int = Field(ge=1)
    t: int = Field(ge=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    source: str = ""
    layers: dict[str, _Numbers]


def published_mappings(network: str) -> dict[str, ChipMapping]:
    """The published mappings of a network's layers; none if it is not in :data:`PUBLISHED`."""
    if network not in PUBLISHED:
        return {}
    name = f"{network}.toml"
    return _parse(files("analytical.mappings").joinpath(name).read_text(encoding="utf-8"), name)


def load_mappings(path: str) -> dict[str, ChipMapping]:
    """The mappings in a TOML file: a table ``[layers.NAME]`` with m, n, e, p, q, r and t for each layer.

    Raises
    ------
    MappingError
        The file cannot be read, or is not such a file; the message names file and field.
    """
    try:
        return _parse(Path(path).read_text(encoding="utf-8"), path)
    except OSError as error:
        raise MappingError(f"{path}: cannot be read ({error.strerror}); expected a mapping file (.toml)") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{path}: {error}; expected TOML") from error


def as_toml(mappings: Mapping[str, ChipMapping], source: str) -> str:
    """The file that :func:`load_mappings` reads."""
    lines = [f"source = {_quoted(source)}"]
    for name, mapping in mappings.items():
        lines += ["", f"[layers.{_quoted(name)}]"]
        lines += [f"{symbol} = {getattr(mapping, symbol)}" for symbol in _Numbers.model_fields]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _parse(text: str, path: str) -> dict[str, ChipMapping]:
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{path}: {error}; expected TOML") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        known = ", ".join(_Numbers.model_fields if len(first["loc"]) > 1 else _File.model_fields)
        why = {
            "extra_forbidden": f"unknown; expected some of {known}",
            "missing": f"missing; expected all of {known}",
        }.get(first["type"], f"{first['input']!r}; expected: {first['msg'].removeprefix('Input should be ')}")
        raise MappingError(f"{path}: {where} is {why}") from error
    return {name: ChipMapping(**numbers.model_dump()) for name, numbers in file.layers.items()}
