"""``python -m partition quarters``."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.partition.commands.calls import CHANNEL, partition


def test_quarters_of_images(tmp_path: Path) -> None:
    """Table IV for shares of zeros of one's own: 8 images, two a quarter."""
    path = tmp_path / "shares.txt"
    path.write_text("\n".join(str(share) for share in (0.9, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)))
    result = partition("quarters", "alexnet", str(path), *CHANNEL, "--json", "-")
    quarters = json.loads(result.stdout)["quartiles"]
    assert [q["images"] for q in quarters] == [2, 2, 2, 2]
    assert quarters[0]["sparsity_in"] == [0.4, 0.5]
    savings = [q["saving_vs_fcc_percent"] for q in quarters]
    assert savings == sorted(savings, reverse=True)
    assert savings[-1] == 0
    assert [q["intermediate_percent"] for q in quarters] == [100, 100, 50, 0]
    path.write_text("0.4\nmuch\n")
    refused = partition("quarters", "alexnet", str(path), *CHANNEL)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "line 2: 'much'; expected a share of zeros from 0 to 1" in refused.stderr


def test_quarters_of_a_folder(network: str, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(4):
        pixels = rng.integers(0, 1 + 60 * number, (20, 20, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    result = partition("quarters", network, str(folder), *CHANNEL, "--csv", "-")
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 5
    assert partition("quarters", network, str(folder), *CHANNEL).returncode == 0
