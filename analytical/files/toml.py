"""TOML files that people write, read into pydantic models, with one line for what is wrong in them."""

import json
import tomllib
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ValidationError

T = TypeVar("T", bound=BaseModel)


def _whole(value: Any) -> Any:
    # what is no whole number is left to pydantic, which says so
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number, as people write it: ``200e6`` is one."""


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
            "too_short": f"a list of {_length_of(first)}; expected at least {_limit_of(first, 'min_length')}",
            "too_long": f"a list of {_length_of(first)}; expected at most {_limit_of(first, 'max_length')}",
        }.get(first["type"], f"{as_written(first['input'])}; expected {expected_of(first)}")
        raise refusal(f"{path}: {'.'.join(map(str, first['loc'])) or 'file'} is {why}") from error


def _length_of(error: Any) -> object:
    return error.get("ctx", {}).get("actual_length")


def _limit_of(error: Any, name: str) -> object:
    return error.get("ctx", {}).get(name)


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "bool": "true or false",
    "string": "text in quotes",
    "list": "a list in brackets",
    "dict": "a table",
    "model": "a table",
}
"""What TOML calls the kinds of values, by the beginning of pydantic's name for the error."""

_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def expected_of(error: Any) -> str:
    """What was expected, in the words of who writes TOML.

    Parameters
    ----------
    error : mapping
        One of those of a :class:`pydantic.ValidationError`.

    Examples
    --------
    >>> class Point(BaseModel):
    ...     x: Whole
    >>> try:
    ...     Point.model_validate({"x": 0.5}, strict=True)
    ... except ValidationError as error:
    ...     expected_of(error.errors()[0])
    'a whole number'
    """
    kind = str(error["type"])
    if kind in _LIMITS:
        said, name = _LIMITS[kind]
        return f"{said} {error['ctx'][name]}"
    if kind == "literal_error":
        return str(error["ctx"]["expected"]).replace("'", '"')
    if kind.partition("_")[0] in _KINDS:
        return _KINDS[kind.partition("_")[0]]
    message: str = error["msg"]
    return message.removeprefix("Input should be ").removeprefix("Value error, ").removeprefix("expected ")


def as_written(value: Any) -> str:
    """A value as TOML has it.

    Examples
    --------
    >>> as_written(True), as_written("x"), as_written([1, {"a": 2.5}]), as_written(1 << 99999)
    ('true', '"x"', '[1, {a = 2.5}]', 'a number of 100000 bits')
    """
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return f"[{', '.join(map(as_written, value))}]"
        case dict():
            return "{" + ", ".join(f"{name} = {as_written(inner)}" for name, inner in value.items()) + "}"
        case date() | time():
            return value.isoformat()
        case int() if value.bit_length() > 1000:
            # Python shows no number of thousands of digits
            return f"a number of {value.bit_length()} bits"
        case _:
            return str(value)


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
