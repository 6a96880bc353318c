"""The examples run, and print what is stored beside them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LENET = ["run", "examples/lenet.csv", "--hardware", "examples/small_chip.toml", "--crosscheck", "--verify"]
EXAMPLES = {path.with_suffix(".out").name: [f"examples/{path.name}"] for path in (ROOT / "examples").glob("*.py")} | {
    "lenet.out": ["-m", "simulator", *LENET]
}


GALLERY = "gallery.out"
"""Its own test, which looks at the pictures, runs that example."""


@pytest.mark.parametrize("output", sorted(EXAMPLES.keys() - {GALLERY}))
def test_an_example_prints_what_is_stored(output: str, update_shown: bool) -> None:
    result = subprocess.run([sys.executable, *EXAMPLES[output]], capture_output=True, text=True, check=True, cwd=ROOT)
    stored = ROOT / "examples" / output
    if update_shown:
        stored.write_text(result.stdout)
    assert result.stdout == stored.read_text()


def test_every_stored_output_belongs_to_an_example() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.out")} == set(EXAMPLES)


def test_an_example_draws_its_picture(tmp_path: Path) -> None:
    picture = tmp_path / "parts.svg"
    subprocess.run([sys.executable, "examples/energy_by_part.py", str(picture)], check=True, cwd=ROOT)
    assert "<svg" in picture.read_text()
