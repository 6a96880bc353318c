"""What happens in a pass, and when: what SimPy plays out event by event, and the fast engine in a compiled loop."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from analytical import counts as c
from analytical.counts import Counts
from analytical.hardware import Hardware
from analytical.mappings.tiling import Tiling
from analytical.spans import Span
from simulator.machine.pe_array import PassTimes
from simulator.machine.schedule import Pass
from simulator.machine.transfers import Transfer, pieces, streamed_windows, transfers


class Act(IntEnum):
    """What happens at a moment of a pass.

    RELEASE_FILTERS  the filter buffer gives back what the RFs have read
    RELEASE_IFMAP    the GLB gives back a transfer of ifmap
    TAKE_PSUMS       psums take room in the GLB
    SEND_OFMAP       complete psums go to the link's queue
    """

    RELEASE_FILTERS = 0
    RELEASE_IFMAP = 1
    TAKE_PSUMS = 2
    SEND_OFMAP = 3


class Moment(NamedTuple):
    """Something that happens in a pass at a cycle of its own.

    Attributes
    ----------
    cycle : int
        Counted from the start of the pass, without waits.
    act : Act
    part : Transfer
        The images and columns that it is about.
    """

    cycle: int
    act: Act
    part: Transfer


def moments(tiling: Tiling, p: Pass, timing: PassTimes) -> list[Moment]:
    """When a pass gives back what it has read, takes room for psums and sends ofmaps off, in order of cycles.

    The same for all passes of one shape, but for whether their psums are complete and the strip has served; where the
    hardware skips, each pass has its own.

    Parameters
    ----------
    tiling : Tiling
    p : Pass
    timing : PassTimes
        What the array does in it.
    """
    # sorted is stable: moments of the same cycle keep the order in which they are made
    return sorted(_moments(tiling, p, timing), key=lambda moment: moment.cycle)


def _moments(tiling: Tiling, p: Pass, timing: PassTimes) -> Iterator[Moment]:
    whole = Transfer(Span(0, p.shape.images), Span(0, p.shape.windows))
    if p.shape.loads_filters:
        yield Moment(timing.filters_loaded_at, Act.RELEASE_FILTERS, whole)
    for transfer in transfers(tiling, p.shape) if p.leaves else []:
        # pixels are read in the order of images and columns, so that the last of a transfer is the last to be read
        read_at = timing.ifmap_read_at[transfer.images.stop - 1, transfer.columns.stop - 1]
        yield Moment(int(read_at), Act.RELEASE_IFMAP, transfer)
    # psums that wait for more channels take all their room as the first channels begin; those of a single pass take it
    # piece by piece, with the ofmap
    if p.first_channels and not p.last_channels:
        yield Moment(0, Act.TAKE_PSUMS, whole)
    if p.last_channels:
        yield from _of_ofmap(tiling, p, timing)


def _of_ofmap(tiling: Tiling, p: Pass, timing: PassTimes) -> Iterator[Moment]:
    """Complete psums leave by transfers, or, where they stream, by pieces.

    Pieces have two halves of the psums' part of the GLB by turns: one takes its room once the one but last is
    complete. If the part holds but one window, once the last is.
    """
    windows = p.shape.windows
    # when each piece is complete, after two that stand for the halves that are free at the start
    complete = [0, 0]
    half = streamed_windows(tiling, p.shape) * p.shape.filters * p.shape.pe_columns
    halves = 2 if half * 2 <= tiling.psum_words else 1
    for piece in pieces(tiling, p.shape):
        images, columns = piece.images, piece.columns
        first, stop = images.start * windows + columns.start, (images.stop - 1) * windows + columns.stop
        done = int(timing.last_out_at[first:stop].max())
        if tiling.psums_stream:
            begun = max(int(timing.first_out_at[first]), complete[-halves])
            yield Moment(begun, Act.TAKE_PSUMS, piece)
        yield Moment(done, Act.SEND_OFMAP, piece)
        complete.append(done)


def psum_words(p: Pass, part: Transfer) -> int:
    """Words of psums, or of ofmap, of a part of a pass."""
    return part.images.size * part.columns.size * p.shape.filters * p.shape.pe_columns


def filter_words(p: Pass) -> int:
    """Words of a pass's filters."""
    return p.shape.filters * p.shape.filter_channels * p.shape.R * p.shape.S


def ifmap_words(p: Pass, part: Transfer, rows: int) -> int:
    """Words of that many ifmap rows of a part, in all the pass's channels."""
    return part.images.size * part.columns.size * rows * p.shape.channels


def room_words(tiling: Tiling, p: Pass, moment: Moment) -> int:
    """Words of room in the GLB that a moment is about."""
    if moment.act is Act.RELEASE_FILTERS:
        return min(filter_words(p), tiling.hardware.filter_buffer_words)
    if moment.act is Act.RELEASE_IFMAP:
        # not the rows that the next strip finds there; it takes room for its new rows only, and gives back these, too
        return ifmap_words(p, moment.part, p.strip.ifmap.size - p.strip.kept_after)
    return psum_words(p, moment.part)


@dataclass
class Moved:
    """Words of the GLB and of the DRAM link, counted as they move."""

    ifmap_fills: int = 0
    filter_fills: int = 0
    ofmap_drains: int = 0
    ifmap_link_words: int = 0
    filter_link_words: int = 0
    ofmap_link_words: int = 0

    def counts(self, hardware: Hardware) -> Counts:
        """As events, in b_w-bit words."""
        of_link_word = hardware.link_bits // hardware.b_w
        return Counts(
            events={
                c.GLB_IFMAP_FILL: self.ifmap_fills,
                c.GLB_FILTER_FILL: self.filter_fills,
                c.GLB_OFMAP_DRAIN: self.ofmap_drains,
                c.DRAM_IFMAP_READ: self.ifmap_link_words * of_link_word,
                c.DRAM_FILTER_READ: self.filter_link_words * of_link_word,
                c.DRAM_OFMAP_WRITE: self.ofmap_link_words * of_link_word,
            }
        )
