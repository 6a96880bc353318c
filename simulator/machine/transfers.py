"""In what parts the feature maps of a pass enter and leave the GLB."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from analytical.mappings.tiling import Tiling
from analytical.spans import Span, spans
from simulator.machine.geometry import PassShape

MOST_PARTS = 4
"""In at most about so many parts, of at least a bank each, the ifmaps of a pass enter and leave the GLB where transfers
overlap work, so that one part moves while others are at work: by images, or by columns of the images where these are
fewer. Elsewhere they move as one."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Images of a pass, counted from its first, and columns of their strips, that move together.

    Attributes
    ----------
    images : Span
        0 is the first image of the pass.
    columns : Span
        Columns of the ifmap or, where an ofmap leaves, of the ofmap; 0 is the first of the pass's tile.
    """

    images: Span
    columns: Span


def transfers(tiling: Tiling, shape: PassShape) -> list[Transfer]:
    """The parts in which the ifmaps of a pass enter and leave the GLB.

    Parameters
    ----------
    tiling : Tiling
        Whose hardware says how large a bank is, and whether transfers overlap work.
    shape : PassShape
        Of the pass.

    Examples
    --------
    A machine that does not overlap transfers moves all at once:

    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.rules import map_layer
    >>> from analytical.networks import load_network
    >>> from simulator.machine.schedule import schedule
    >>> layer = load_network("alexnet").layer("C3")
    >>> tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=4)
    >>> shape = next(schedule(tiling)).shape
    >>> [f"images {t.images}, columns {t.columns}" for t in transfers(tiling, shape)]
    ['images 0:4, columns 0:15']
    """
    words = shape.images * shape.width * shape.strip_rows * shape.channels
    most = MOST_PARTS if tiling.hardware.overlap_fmaps else 1
    return _transfers(shape, max(1, min(most, words // tiling.hardware.glb_bank_words)))


@lru_cache(maxsize=1024)
def _transfers(shape: PassShape, parts: int) -> list[Transfer]:
    # whole images first; only where there are fewer of them than parts are they cut, each alike, into columns
    images = spans(shape.images, -(-shape.images // parts))
    columns = spans(shape.width, -(-shape.width * min(shape.images, parts) // parts))
    return [Transfer(some, part) for some in images for part in columns]


def pieces(tiling: Tiling, shape: PassShape) -> Iterator[Transfer]:
    """The parts in which the complete ofmaps of a pass leave the GLB: by transfers, or, where psums only pass through,
    by as many windows as half of their part of the GLB holds.

    Each is one RLC tile an image. Columns are those of the ofmap, from the first of the pass.
    """
    windows = shape.windows
    at_once = streamed_windows(tiling, shape) if tiling.psums_stream else windows * shape.images
    # an ofmap is not cut where its ifmap was: transfers of the same images leave as one piece
    for images in sorted({transfer.images for transfer in transfers(tiling, shape)}):
        if images.size * windows <= at_once:
            yield Transfer(images, Span(0, windows))
        else:
            for image in range(*images):
                for columns in spans(windows, min(windows, at_once)):
                    yield Transfer(Span(image, image + 1), columns)


def streamed_windows(tiling: Tiling, shape: PassShape) -> int:
    """Windows of a piece: what half of the psums' part of the GLB holds, but at least one.

    Half, so that one piece can fill while the one before it drains. A window has a psum for each filter and PE column.
    """
    return max(1, tiling.psum_words // 2 // (shape.filters * shape.pe_columns))
