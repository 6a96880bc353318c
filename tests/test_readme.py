"""README shows what the program prints today."""

import re
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_report_in_the_readme_is_the_programs() -> None:
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    result = subprocess.run(
        [sys.executable, "-m", "simulator", "run", "alexnet"], capture_output=True, text=True, check=True
    )
    assert [line.rstrip() for line in result.stdout.splitlines()] == shown.group(1).splitlines()


def test_files_that_the_readme_points_to_exist() -> None:
    root = Path(__file__).parents[1]
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (root / target).exists(), target
