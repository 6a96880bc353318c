"""The gallery's pictures are those that the program draws today, of the data that it has today."""

import io
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
OWN_EXAMPLE = {"compress_vgg16.svg": "examples/compress_vgg16.py"}
"""Pictures that another example draws."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where the example has drawn them, and what it has printed."""
    folder = tmp_path_factory.mktemp("pictures")
    call = [sys.executable, "examples/gallery.py", str(folder)]
    return folder, subprocess.run(call, check=True, cwd=ROOT, capture_output=True, text=True).stdout


@pytest.fixture
def drawn(ran: tuple[Path, str]) -> Path:
    return ran[0]


def test_the_example_prints_what_is_stored(ran: tuple[Path, str], update_shown: bool) -> None:
    stored = ROOT / "examples" / "gallery.out"
    if update_shown:
        stored.write_text(ran[1])
    assert ran[1] == stored.read_text()


def test_every_picture_is_shown_and_drawn(drawn: Path, update_shown: bool) -> None:
    if update_shown:
        for file in drawn.iterdir():
            (PICTURES / file.name).write_bytes(file.read_bytes())
    shown = set(re.findall(r"\]\(pictures/([^)]+)\)", (ROOT / "docs" / "gallery.md").read_text()))
    stored = {file.name for file in PICTURES.iterdir()}
    assert shown == stored == {file.name for file in drawn.iterdir()} | set(OWN_EXAMPLE)
    in_readme = re.findall(r"!\[[^]]*\]\(docs/pictures/([^)]+)\)", (ROOT / "README.md").read_text())
    assert len(in_readme) == 2
    assert set(in_readme) <= shown


def test_the_stored_pictures_are_today_s(drawn: Path) -> None:
    for file in sorted(drawn.iterdir()):
        stored, today = (PICTURES / file.name).read_bytes(), file.read_bytes()
        if file.suffix == ".png":
            # fonts differ a little from version to version; what the PEs did does not
            ours, theirs = (np.asarray(Image.open(io.BytesIO(each)).convert("RGB"), float) for each in (stored, today))
            assert ours.shape == theirs.shape
            assert np.abs(ours - theirs).mean() < 3, file.name
        elif b"Matplotlib" in today:
            if made_by(stored) == made_by(today):
                assert stored == today, file.name
        else:
            assert labels(stored) == labels(today) != Counter(), file.name


def made_by(svg: bytes) -> list[bytes]:
    """Which version of matplotlib drew it: another one may place things a little differently."""
    return re.findall(rb"Matplotlib v[\d.]+", svg)


def labels(svg: bytes) -> "Counter[bytes]":
    """What each bar and point stands for, with its figures, as screen readers are told."""
    return Counter(re.findall(rb'aria-label="([^"]*: [^"]*; [^"]*)"', svg))


def test_captions_name_the_command_that_draws_the_picture() -> None:
    page = (ROOT / "docs" / "gallery.md").read_text()
    for picture in re.findall(r"\]\(pictures/([^)]+)\)", page):
        assert re.search(rf"`python [^`\n]* {re.escape(picture)}`", page), picture
