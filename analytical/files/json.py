"""JSON files that programs write, with one line for what is wrong in them."""

import json
import math
from pathlib import Path
from typing import Any


def parse_json(text: str) -> Any:
    """What a JSON text holds.

    Raises
    ------
    ValueError
        It is none, or holds what Python's reader takes for a number and JSON does not have, or one beyond all floats.

    Examples
    --------
    >>> parse_json('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    >>> parse_json("NaN")
    Traceback (most recent call last):
    ...
    ValueError: NaN is no number that can be
    """

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is no number that can be")

    def number(said: str) -> float:
        found = float(said)
        # 1e400 is a number of JSON, but none of ours
        return found if math.isfinite(found) else refuse(said)

    return json.loads(text, parse_constant=refuse, parse_float=number)


def read_json(path: str | Path, refusal: type[ValueError], what: str, text: str = "JSON") -> Any:
    """What a file holds; ``what`` it should be.

    Parameters
    ----------
    path : str or Path
    refusal : type of ValueError
        What is raised.
    what : str
        What the file should be, for the message: "a record (.json)".
    text : str
        What its text should be.

    Raises
    ------
    refusal
        The file cannot be read, or is not JSON; the message names it.

    Examples
    --------
    >>> read_json("missing.json", ValueError, "a record (.json)")
    Traceback (most recent call last):
    ValueError: missing.json: cannot be read (No such file or directory); expected a record (.json)
    """
    try:
        # deeply nested arrays exhaust the parser's stack: they are refused like any other text
        return parse_json(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise refusal(f"{path}: cannot be read ({error.strerror}); expected {what}") from error
    except (ValueError, RecursionError) as error:
        raise refusal(f"{path}: {error}; expected {text}") from error
