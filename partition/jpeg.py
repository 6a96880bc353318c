"""The image as it is sent: JPEG of quality 90, and the share of zeros that Algorithm 2 wants (section VIII-A)."""

import logging
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

DEEP = ("I", "F")
"""How the modes begin whose pixels have more than 8 bits; Pillow would clip them."""

QUALITY = 90
"""Of the paper's JPEG images."""


class ImageError(ValueError):
    """A file that is no image; the message names it and what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JpegImage:
    """An image in JPEG: fraction of zeros among its quantised DCT coefficients, as stored (chroma at half of the luma's
    rows and columns), and the bits of the whole file."""

    sparsity_in: float
    file_bits: int


def read_image(path: str, height: int, width: int) -> JpegImage:
    """Any image that Pillow opens, resized to a network's input and compressed.

    Raises
    ------
    ImageError
        The file is no image, or what reads images is not installed.
    """
    try:
        import jpeglib
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImageError(f"{path}: {error.name} is not installed; expected pip install '.[image]'") from error
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.mode.startswith(DEEP):
                    raise ValueError(f"pixels of mode {image.mode}, deeper than 8 bits")
                upright = ImageOps.exif_transpose(image).convert("RGB")
            resized = upright.resize((width, height), Image.Resampling.BICUBIC)
    except OSError as error:
        reason = error.strerror or "not an image"
        raise ImageError(f"{path}: cannot be read ({reason}); expected an image that Pillow opens") from error
    except (ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"{path}: cannot be read ({error}); expected an image that Pillow opens") from error
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "image.jpg"
        resized.save(file, "JPEG", quality=QUALITY, subsampling="4:2:0")
        stored = jpeglib.read_dct(str(file))
        parts = [part for part in (stored.Y, stored.Cb, stored.Cr) if part is not None]
        zeros = sum(int((part == 0).sum()) for part in parts)
        return JpegImage(sparsity_in=zeros / sum(part.size for part in parts), file_bits=8 * file.stat().st_size)
