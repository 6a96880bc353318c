"""How a pass lies on the array."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class PassShape:
    """All that the timing of a pass depends on; two passes of one shape take the same cycles.

    Values are no part of it, since zeros gate and never skip a cycle (NeuPart paper, section IV-D2). It can be
    hashed, and the fast engine steps each shape once. Sets and passes are those of section IV-B.

    Attributes
    ----------
    set_channels : tuple of int
        Channels of each set of the stack that a psum climbs, top first.
    stack_filters : tuple of int
        Filters of each stack of sets; each works on filters of its own.
    groups : int
        Convolution groups side by side: each has as many of the stacks, in order, and channels of its own.
    R, S, U, V : int
        Filter rows, filter columns, stride along the height and along the width; 0 for the last means U.
    images : int
        Images that stream through, one after the other.
    strip_rows, width : int
        Rows and columns of ifmap for each image.
    pe_columns, windows : int
        Ofmap rows, which are columns of PEs at work, and ofmap columns for each image.
    loads_filters : bool
        The RFs do not hold the filters yet.
    reads_psums : bool
        Psums of earlier channels come from the GLB.
    one_psum_bank : bool
        One port of the GLB serves psum reads and writes by turns.

    Examples
    --------
    Two sets of two channels in each of two stacks, of 3 and 2 filters of 3x3, for 14 ofmap rows of 13 windows:

    >>> shape = PassShape(
    ...     set_channels=(2, 2), stack_filters=(3, 2), R=3, S=3, U=1, images=1, strip_rows=16, width=15,
    ...     pe_columns=14, windows=13, loads_filters=True, reads_psums=False,
    ... )
    >>> shape.channels, shape.filters, shape.active_pes, shape.macs == 4 * 5 * 9 * 14 * 13
    (4, 5, 168, True)
    """

    set_channels: tuple[int, ...]
    stack_filters: tuple[int, ...]
    groups: int = 1
    R: int
    S: int
    U: int
    V: int = 0
    images: int
    strip_rows: int
    width: int
    pe_columns: int
    windows: int
    loads_filters: bool
    reads_psums: bool
    one_psum_bank: bool = False

    def __post_init__(self) -> None:
        # one way to say it, so that shapes that are alike are equal
        object.__setattr__(self, "V", self.V or self.U)

    @property
    def channels(self) -> int:
        """Channels of the pass, of all its groups."""
        return self.groups * self.filter_channels

    @property
    def filter_channels(self) -> int:
        """Channels of a filter that the pass takes."""
        return sum(self.set_channels)

    @property
    def filters(self) -> int:
        """Filters of the pass."""
        return sum(self.stack_filters)

    @property
    def active_pes(self) -> int:
        """PEs that the pass keeps at work."""
        return len(self.stack_filters) * len(self.set_channels) * self.R * self.pe_columns

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the pass, gated ones included."""
        return self.filter_channels * self.filters * self.R * self.S * self.images * self.pe_columns * self.windows
