"""YAML as Timeloop's front end extends it: other files within, and mappings over a base."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analytical.network import NetworkError
from analytical.sheet import read_text

_INCLUDE = re.compile(r"""^[ \t]*\{\{\s*include_text\(\s*(['"])(.+?)\1\s*\)\s*\}\}[ \t]*$""", re.MULTILINE)
"""A line that stands for the text of another file."""

_BASE = "<<<"
"""Key whose value the mapping around it is laid over."""


def read_documents(file: Path, expected: str) -> list[Any]:
    """The documents of a YAML file that have anything in them.

    ``{{include_text('name')}}``, alone on its line, is the text of a file, whose name counts from this one's folder.
    Other templates, which Timeloop gives to Jinja, are refused.

    Parameters
    ----------
    file : Path
        YAML in UTF-8.
    expected : str
        What the file should be, for errors.

    Returns
    -------
    list
        At least one.

    Raises
    ------
    NetworkError
        The file, or one that it includes, cannot be read or is no YAML; or PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise NetworkError(f"{file}: PyYAML is not installed; expected pip install pyyaml") from error
    as_written = read_text(file, lambda why: NetworkError(f"{file}: {why}"), expected)
    text = _INCLUDE.sub(lambda found: _included(file, found[2]), as_written)
    if "{{" in text or "{%" in text:
        raise NetworkError(f"{file}: is a template for Jinja; expected plain YAML, or lines with include_text alone")
    try:
        documents = list(yaml.safe_load_all(text))
    # PyYAML lets through what Python says of dates that do not exist, and of brackets within brackets without end
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # lines are counted in what is parsed
        where = f"{file}" if text == as_written else f"{file} with what it includes"
        mark = getattr(error, "problem_mark", None)
        place = where if mark is None else f"{where}, line {mark.line + 1}"
        # the whole message would draw the place, on lines of its own
        why = " ".join(str(getattr(error, "problem", None) or error).split())
        raise NetworkError(f"{place}: {why}; expected {expected}") from error
    filled = [document for document in documents if document is not None]
    if not filled:
        raise NetworkError(f"{file}: is empty; expected {expected}")
    return filled


def _included(file: Path, name: str) -> str:
    return read_text(file.parent / name, lambda why: NetworkError(f"{file}: {name} {why}"), "a file that is included")


def over_its_base(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping laid over the one under its key ``<<<``, where it has that.

    Parameters
    ----------
    mapping : Mapping

    Returns
    -------
    dict
        What either has; where both have a mapping, these over each other as well, and else what stands in ``mapping``.

    Examples
    --------
    >>> over_its_base({"<<<": {"shape": "cnn-layer", "instance": {"N": 1, "C": 1}}, "instance": {"C": 3}})
    {'shape': 'cnn-layer', 'instance': {'N': 1, 'C': 3}}
    """
    own = {key: value for key, value in mapping.items() if key != _BASE}
    base = mapping.get(_BASE)
    return _over(over_its_base(base), own) if isinstance(base, dict) else own


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**base, **own}
    for key in base.keys() & own.keys():
        if isinstance(base[key], dict) and isinstance(own[key], dict):
            merged[key] = _over(base[key], own[key])
    return merged
