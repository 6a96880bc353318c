"""JSON: what Python's reader takes for numbers, and nobody else does, is refused."""

from pathlib import Path

import pytest

from analytical.errors import InputError
from analytical.files.json import parse_json, read_json
from analytical.terminal.outputs import as_json


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "1e400", "[-1e999]", "{", "1_0", "+3"])
def test_what_is_no_number_of_json_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"number|Expecting|Extra"):
        parse_json(text)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=r"a\.json: .*; expected JSON"):
        read_json(tmp_path / "a.json", InputError, "a record")


def test_figures_beyond_numbers_are_not_written() -> None:
    with pytest.raises(InputError, match="a figure is infinite or nan"):
        as_json({"energy_J": float("inf")})
