"""The examples run, and print what is stored beside them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = {
    "fifo_depths.out": ["examples/fifo_depths.py"],
    "glb_size.out": ["examples/glb_size.py"],
    "overlap.out": ["examples/overlap.py"],
    "neupart_claims.out": ["examples/neupart_claims.py"],
    "lenet.out": ["-m", "simulator", "run", "examples/lenet.csv", "--hardware", "examples/small_chip.toml", "--verify"],
}


@pytest.mark.parametrize("output", EXAMPLES)
def test_an_example_prints_what_is_stored(output: str) -> None:
    result = subprocess.run([sys.executable, *EXAMPLES[output]], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout == (ROOT / "examples" / output).read_text()


def test_every_stored_output_belongs_to_an_example() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.out")} == set(EXAMPLES)
