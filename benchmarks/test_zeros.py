"""The page on zeros shows what the ladder of VGG-16 prints, which takes minutes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_ladder_of_vgg16_is_that_of_the_page() -> None:
    command = [sys.executable, "examples/zeros.py", "vgg16"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    page = (ROOT / "docs" / "zeros.md").read_text()
    shown = page.split("```text\n")[1].split("\n```")[0]
    assert shown == printed.rstrip()
