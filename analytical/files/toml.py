"""TOML files that people write, read into pydantic models, with one line for what is wrong in them."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound=BaseModel)


def read_toml(path: str | Path, refusal: type[ValueError], what: str) -> dict[str, Any]:
    """The tables of a file; ``what`` it should be.

    Parameters
    ----------
    path : str or Path
    refusal : type of ValueError
        What is raised.
    what : str
        What the file should be, for the message: "a mapping file".

    Raises
    ------
    refusal
        The file cannot be read, or is not TOML; the message names it.
    """
    try:
        return parse_toml(Path(path).read_text(encoding="utf-8-sig"), path, refusal)
    except OSError as error:
        raise refusal(f"{path}: cannot be read ({error.strerror}); expected {what} (.toml)") from error
    except UnicodeDecodeError as error:
        raise refusal(f"{path}: {error}; expected TOML") from error


def parse_toml(text: str, path: str | Path, refusal: type[ValueError]) -> dict[str, Any]:
    """The tables of a text; ``path`` names it in errors.

    Raises
    ------
    refusal
        The text is not TOML.

    Examples
    --------
    >>> parse_toml("[layers.C5]", "small.toml", ValueError)
    {'layers': {'C5': {}}}
    """
    try:
        # deeply nested arrays exhaust the parser's stack: they are refused like any other text
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise refusal(f"{path}: {error}; expected TOML") from error


def as_model(tables: dict[str, Any], model: type[T], path: str | Path, refusal: type[ValueError]) -> T:
    """Tables as a model.

    Parameters
    ----------
    tables : dict
        What a file holds.
    model : type of pydantic.BaseModel
        What it should be.
    path : str or Path
        The file, for the message.
    refusal : type of ValueError
        What is raised.

    Raises
    ------
    refusal
        They are not; the message names file and field, what is there, and what was expected.

    Examples
    --------
    >>> class Point(BaseModel, extra="forbid"):
    ...     x: int
    >>> as_model({"y": 3}, Point, "point.toml", ValueError)
    Traceback (most recent call last):
    ValueError: point.toml: y is unknown; expected some of x
    """
    try:
        return model.model_validate(tables)
    except ValidationError as error:
        # a misspelt key is also one that is missing: the key says more
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        fields = _model_of(model, first["loc"][:-1]).model_fields
        why = {
            "extra_forbidden": f"unknown; expected some of {', '.join(fields)}",
            "missing": f"missing; expected all of {', '.join(n for n, f in fields.items() if f.is_required())}",
        }.get(first["type"], f"{first['input']!r}; expected: {_expected(first['msg'])}")
        raise refusal(f"{path}: {'.'.join(map(str, first['loc'])) or 'file'} is {why}") from error


def _expected(message: str) -> str:
    """What pydantic's message says was expected, without its opening words."""
    return message.removeprefix("Input should be ").removeprefix("Value error, ")


def _model_of(model: type[BaseModel], where: tuple[int | str, ...]) -> type[BaseModel]:
    """The innermost model on the way to a field."""
    # the way also has indices, keys and names of types, which are no fields and change nothing
    for part in where:
        field = model.model_fields.get(str(part))
        if field is not None:
            inner = [t for t in (field.annotation, *get_args(field.annotation)) if _is_model(t)]
            model = inner[0] if inner else model
    return model


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
