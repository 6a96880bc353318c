"""The image as it is sent: JPEG of quality 90, and the share of zeros that Algorithm 2 wants (section VIII-A)."""

import logging
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

from analytical.errors import InputError
from analytical.graph import IMAGE, Graph
from analytical.sheet import real_number
from traces.importers.pictures import FORMATS

DEEP = ("I", "F")
"""How the modes begin whose pixels have more than 8 bits; Pillow would clip them."""

QUALITY = 90
"""Of the paper's JPEG images."""


EXPECTED = "a folder of images, or a file with a share of zeros in each line"
"""What may name many images."""


class ImageError(InputError):
    """A file that is no image; the message names it and what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JpegImage:
    """An image in JPEG.

    Attributes
    ----------
    sparsity_in : float
        Fraction of zeros among its quantised DCT coefficients, as stored: chroma at half of the luma's rows and
        columns.
    file_bits : int
        Bits of the whole file.
    """

    sparsity_in: float
    file_bits: int


def read_image(path: str, height: int, width: int, channels: int = 3) -> JpegImage:
    """Any image that Pillow opens, resized to a network's input and compressed.

    Parameters
    ----------
    path : str
        Of the image.
    height, width : int
        Of the network's input, in pixels.
    channels : int
        Of the network's input: 1 is a grey image, all else one in colours.

    Raises
    ------
    ImageError
        The file is no image, or what reads images is not installed.
    """
    try:
        import jpeglib
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImageError(f"{path}: {error.name} is not installed; expected pip install pillow jpeglib") from error
    # Pillow logs and warns about what it forgives; an image that might fill the memory is refused instead
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                if image.mode.startswith(DEEP):
                    raise ValueError(f"pixels of mode {image.mode}, deeper than 8 bits")
                upright = ImageOps.exif_transpose(image).convert("L" if channels == 1 else "RGB")
            resized = upright.resize((width, height), Image.Resampling.BICUBIC)
    except OSError as error:
        reason = error.strerror or "not an image"
        raise ImageError(f"{path}: cannot be read ({reason}); expected an image that Pillow opens") from error
    # Pillow raises SyntaxError for some damaged files
    except (ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"{path}: cannot be read ({error}); expected an image that Pillow opens") from error
    # jpeglib reads coefficients as they are stored, from files only
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "image.jpg"
        # a grey image has no colours to sample
        resized.save(file, "JPEG", quality=QUALITY, **({} if channels == 1 else {"subsampling": "4:2:0"}))
        stored = jpeglib.read_dct(str(file))
        parts = [part for part in (stored.Y, stored.Cb, stored.Cr) if part is not None]
        zeros = sum(int((part == 0).sum()) for part in parts)
        return JpegImage(sparsity_in=zeros / sum(part.size for part in parts), file_bits=8 * file.stat().st_size)


def read_image_of(path: str, graph: Graph) -> JpegImage:
    """An image as a network takes it.

    Raises
    ------
    ImageError
        The file is no image, or what reads images is not installed.
    """
    node = graph.nodes[IMAGE]
    return read_image(path, node.height, node.width, node.channels)


def read_sparsities(images: str, graph: Graph) -> list[float]:
    """Shares of zeros of the images in a folder, or those that a file lists.

    Parameters
    ----------
    images : str
        A folder, whose hidden files are passed over; or a text file with a share from 0 to 1 in each line.
    graph : Graph
        The network to whose input images are resized.

    Raises
    ------
    ImageError
        It is neither, it is empty, or one of them is no image or no share.
    """
    path = Path(images)
    try:
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
            shares = [read_image_of(str(file), graph).sparsity_in for file in files]
        else:
            lines = enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1)
            cells = ((number, line.strip(' \t,;"')) for number, line in lines)
            shares = [_share(cell, images, number) for number, cell in cells if cell]
    except OSError as error:
        raise ImageError(f"{images}: cannot be read ({error.strerror}); expected {EXPECTED}") from error
    except UnicodeDecodeError as error:
        raise ImageError(f"{images}: {error}; expected {EXPECTED}") from error
    if not shares:
        raise ImageError(f"{images}: is empty; expected {EXPECTED}")
    return shares


def _share(line: str, file: str, number: int) -> float:
    try:
        share = real_number(line)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ImageError(f"{file}, line {number}: {line.strip()!r}; expected a share of zeros from 0 to 1")
    return share
