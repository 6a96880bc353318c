"""Pictures as a network takes them: of its size, with the preprocessing of its training, which is never guessed."""

import struct
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytical.errors import InputError
from analytical.sheet import real_number


class PictureError(InputError):
    """A picture, or a preprocessing, that cannot be used; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """``(x / scale - mean) / std`` of the bytes of a picture, channel by channel.

    Attributes
    ----------
    scale : float
    mean, std : tuple of float
        One number for all channels, or one for each, in the order in which the network takes them.
    bgr : bool
        Blue comes first.
    """

    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    bgr: bool = False

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """A picture (height, width, channels) as the network takes it, in the same order of axes."""
        channels = picture.shape[2]
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) not in (1, channels):
                expected = "1" if channels == 1 else f"1 or {channels}"
                raise PictureError(f"preprocess has {len(numbers)} numbers for {name}; expected {expected}")
        values = picture[:, :, ::-1] if self.bgr else picture
        # in float64, so that float32 rounds once
        scaled = (values / self.scale - np.array(self.mean)) / np.array(self.std)
        taken: NDArray[np.float32] = scaled.astype(np.float32)
        return taken


FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
"""Of pictures that are opened; Pillow would start other programs for some others."""

_OF_DAMAGE = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError),
    *(struct.error, zlib.error),
)
"""What Pillow raises for pictures that are damaged."""

MOST_PIXELS = 50_000_000
"""Of a picture: beyond that, a small file asks for memory that nobody meant to give."""

NAMED = {
    "imagenet": Preprocessing(255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "tf": Preprocessing(1.0, (127.5,), (127.5,)),
    "caffe": Preprocessing(1.0, (103.939, 116.779, 123.68), (1.0,), bgr=True),
    "unit": Preprocessing(255.0),
    "raw": Preprocessing(),
}
"""Preprocessing by the names under which frameworks have it."""


def preprocessing(text: str) -> Preprocessing:
    """What a person says of it.

    Parameters
    ----------
    text : str
        One of :data:`NAMED`, or ``mean=M,std=S``, each one number or as many as channels with semicolons or slashes
        between them, for bytes from 0 to 255; with ``,bgr`` blue comes first.

    Raises
    ------
    PictureError
        It is none of these.

    Examples
    --------
    >>> preprocessing("mean=128,std=128")
    Preprocessing(scale=1.0, mean=(128.0,), std=(128.0,), bgr=False)
    """
    if text in NAMED:
        return NAMED[text]
    numbers: dict[str, tuple[float, ...]] = {}
    bgr = False
    try:
        for part in text.split(","):
            key, _, value = part.strip().partition("=")
            if key == "bgr" and not value:
                bgr = True
                continue
            if key not in ("mean", "std") or not value:
                raise ValueError(part)
            numbers[key] = tuple(real_number(number) for number in value.replace("/", ";").split(";"))
        std = numbers.get("std", (1.0,))
        if not all(np.isfinite(std)) or 0.0 in std or not all(np.isfinite(numbers.get("mean", (0.0,)))):
            raise ValueError(text)
    except ValueError as error:
        raise PictureError(
            f"preprocess is {text!r}; expected {', '.join(NAMED)}, or one like mean=128,std=128 or "
            "mean=104;117;123,std=1,bgr"
        ) from error
    return Preprocessing(1.0, numbers.get("mean", (0.0,)), std, bgr)


def read_picture(path: Path, channels: int, height: int, width: int) -> NDArray[np.uint8]:
    """A picture of that size (height, width, channels): scaled until it covers it, and cut around the middle.

    One that has the size stays as it is.

    Parameters
    ----------
    path : Path
    channels : int
        1 for grey, 3 for colours.
    height, width : int

    Raises
    ------
    PictureError
        Pillow is not there, the file is no picture, or the channels are neither 1 nor 3.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise PictureError(f'{path}: reading it needs Pillow; expected pip install "eyeriss-neupart[onnx]"') from error
    if channels not in (1, 3):
        raise PictureError(f"{path}: the network takes {channels} channels; expected 1 or 3 for a picture, or --input")
    try:
        with warnings.catch_warnings(), Image.open(path, formats=FORMATS) as image:
            warnings.simplefilter("ignore")  # of what it forgives, and of sizes that are looked at here
            if image.width * image.height > MOST_PIXELS:
                raise PictureError(f"{path}: has {image.width} x {image.height} pixels; expected at most {MOST_PIXELS}")
            picture = image.convert("L" if channels == 1 else "RGB")
    except PictureError:
        raise
    # what Pillow raises depends on where the damage is
    except (
        OSError,
        SyntaxError,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise PictureError(
            f"{path}: cannot be read as a picture ({error}); expected one, such as a JPEG or PNG"
        ) from error
    if picture.size != (width, height):
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    return np.asarray(picture, np.uint8).reshape(height, width, channels)


def digests(paths: Sequence[Path]) -> list[dict[str, str]]:
    """Name and SHA-256 of each file."""
    return [{"name": path.name, "sha256": sha256(path.read_bytes()).hexdigest()} for path in paths]
