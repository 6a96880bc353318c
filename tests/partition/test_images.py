"""Images as they are sent."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from partition.images import ImageError, read_image


def saved(path: Path, pixels: np.ndarray) -> str:
    Image.fromarray(pixels).save(path)
    return str(path)


def test_a_flat_image_is_nearly_all_zeros_and_noise_hardly_any(tmp_path: Path) -> None:
    flat = read_image(saved(tmp_path / "flat.png", np.full((50, 70, 3), 90, np.uint8)), 224, 224)
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    rough = read_image(saved(tmp_path / "noise.bmp", noise), 224, 224)
    assert flat.sparsity_in > 0.98
    assert rough.sparsity_in < 0.2
    assert flat.file_bits < rough.file_bits < 224 * 224 * 24


def test_zeros_are_counted_by_hand(tmp_path: Path) -> None:
    """A grey macroblock has four coefficients, the means of its blocks of luma; chroma's are 0."""
    image = read_image(saved(tmp_path / "grey.png", np.full((16, 16, 3), 200, np.uint8)), 16, 16)
    assert image.sparsity_in == 1 - 4 / (4 * 64 + 2 * 64)


def test_an_image_is_resized_whatever_its_mode(tmp_path: Path) -> None:
    grey = np.tile(np.arange(256, dtype=np.uint8), (100, 1))
    assert 0 < read_image(saved(tmp_path / "grey.png", grey), 224, 224).sparsity_in < 1


def test_pixels_that_pillow_would_clip_are_refused(tmp_path: Path) -> None:
    deep = saved(tmp_path / "deep.png", np.full((8, 8), 4000, np.uint16))
    with pytest.raises(ImageError, match="deeper than 8 bits"):
        read_image(deep, 224, 224)


@pytest.mark.parametrize(("name", "content"), [("text.png", b"no image"), ("empty.jpg", b""), ("nowhere.png", None)])
def test_a_file_that_is_no_image_is_refused(name: str, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImageError) as refused:
        read_image(str(path), 224, 224)
    assert str(refused.value).startswith(f"{path}: cannot be read")
    assert str(refused.value).endswith("expected an image that Pillow opens")
