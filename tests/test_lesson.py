"""The notebook for a class runs from its first cell to its last, and is stored without outputs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NOTEBOOK = json.loads((Path(__file__).parents[1] / "docs" / "lesson.ipynb").read_text())


def test_the_notebook_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its own assertions hold the machine against NumPy and against hand calculations."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    names: dict[str, Any] = {}
    for cell in NOTEBOOK["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert np.array_equal(names["result"].ofmap[0], names["by_hand"])
    assert names["hop"] == 203
    assert names["plan"].best.name == "P2"


def test_it_is_stored_without_outputs_and_has_all_steps() -> None:
    code = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    text = "".join(line for cell in NOTEBOOK["cells"] for line in cell["source"])
    for step in ("1. A convolution", "2. From a layer to passes", "3. Inside a pass", "4. Stalls", "5. Energy"):
        assert f"## {step}" in text
