"""How CNNergy lays a layer on the hardware (section IV-C): the scheduling parameters, and what they repeat.

:mod:`analytical.mappings.rules` chooses them.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import Enum
from fractions import Fraction
from typing import Any

from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.advice import least_needs
from analytical.mappings.tiling import MappingError, Tiling, fit_glb
from analytical.spans import share
from analytical.traffic import Repetitions, repeated_by


class RuleSet(Enum):
    """Whose rules choose the mapping.

    ``corrected``: CNNergy's where they give what can be, and named corrections elsewhere. ``published``: those
    of the authors' program, whatever they give.
    """

    CORRECTED = "corrected"
    PUBLISHED = "published"


class Rule(Enum):
    """Exception rules of section IV-C4, numbered as CNNergy numbers them.

    1: one set holds all channels. 2: the sets of a pass hold more channels than there are. 3: filters of 1x1.
    4: more filters in a pass than the layer has. 5: more filters in a set than the psum RF holds. 6: fewer rows
    before a write-back than the array has columns for.
    """

    FEW_CHANNELS = 1
    SETS_TO_SPARE = 2
    FILTERS_1X1 = 3
    FEW_FILTERS = 4
    PSUM_RF = 5
    WHOLE_STRIP = 6


class Correction(Enum):
    """Where the corrected rules depart from the published ones; the values name it in reports.

    The published rules are those of four networks on one chip. Each correction is for what they give elsewhere.
    """

    GROUP_FILTERS = "filters of a group"
    """A pass has at most the filters of a group: those of another group read other channels (rules 3 and 4 compare with
    all filters of the layer)."""

    FILTERS_HELD = "filters that the RFs hold"
    """A pass has at most the filters for which its sets have room (rules 4 and 5 count sets that hold channels)."""

    CHANNELS_HELD = "channels that the filter RF holds"
    """A set has at most the channels of which the filter RF holds a row, and not only the ifmap RF (eq 5)."""

    NARROWER_TILE = "narrower tile"
    """The width is halved once more than the ifmap strip asks for: until the psums of one filter fit beside it, or
    where that costs less (eqs 9 and 10)."""

    LOWER_STRIP = "lower strip"
    """A pass has fewer ofmap rows than the array has columns (eq 6), where a whole strip fits badly or not at all."""

    LOWER_BLOCK = "lower block"
    """Filters are loaded anew for each strip, where rows between windows would be fetched along with the strips of a
    larger block (a stride beyond the filter; eq 11)."""

    FEWER_CHANNELS = "fewer channels"
    """A pass has fewer channels than the array holds (eq 7), for the same reason."""

    FEWER_FILTERS = "fewer filters"
    """Where all channels are in one pass, at most the filters of which the GLB has room for one window (eq 12)."""

    IMAGES_THAT_FIT = "images that fit"
    """Filters serve at most the images that the GLB holds together, whatever batch the table has (eq 11)."""

    PSUMS_TAKEN = "psums taken"
    """A PE takes a psum from the PE below only with a nonzero MAC: psum reads are never fewer than none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passes:
    """How many passes along each direction (Algorithm 1, lines 6, 8 and 9).

    Attributes
    ----------
    z : float
        Along the channels: C/z_i.
    strips : float
        Along the rows, in one row block: Y_o/y_o.
    row_blocks : float
        Row blocks, for each of which filters are loaded anew: E/Y_o.
    column_tiles : float
        Along the columns: G/X_o.
    filters : float
        Along the filters: F/f_i.
    """

    z: float
    strips: float
    row_blocks: float
    column_tiles: float
    filters: float

    @property
    def residencies(self) -> float:
        """Loads of filters: each stays for the strips of a block."""
        return self.z * self.row_blocks * self.column_tiles * self.filters

    @property
    def all(self) -> float:
        """Passes of the layer, each over all images that run together."""
        return self.residencies * self.strips


@dataclass(frozen=True, kw_only=True, slots=True)
class CnnergyMapping:
    """Scheduling parameters of one layer (paper, Table II); fractions stay fractions.

    Attributes
    ----------
    S_pass : int
        Sets in the PE array.
    C_set, f_set : int, float
        Channels and filters of a set; filters may be a fraction where few are shared out among all sets.
    z_i, f_i : int, float
        Channels and filters of a pass.
    y_i, y_o : int
        Ifmap and ofmap rows of a pass (a strip).
    X_i, X_o : float
        Ifmap and ofmap columns of a pass.
    Y_o : float
        Ofmap rows before a write-back.
    N : int
        Images that fit the GLB together.
    ifmap_kib, psum_kib : float
        GLB for one image, in KiB.
    rules : tuple of Rule
        The exception rules that fired.
    rule_set : RuleSet
        Whose rules it is made by.
    corrections : tuple of Correction
        Where these depart from the published ones.
    """

    S_pass: int
    C_set: int
    f_set: float
    z_i: int
    f_i: float
    y_i: int
    y_o: int
    X_i: float
    X_o: float
    Y_o: float
    N: int
    ifmap_kib: float
    psum_kib: float
    rules: tuple[Rule, ...]
    rule_set: RuleSet = RuleSet.CORRECTED
    corrections: tuple[Correction, ...] = ()

    @property
    def all_channels_in_one_pass(self) -> bool:
        """No psum waits in the GLB for another pass's channels (rules 1 and 2)."""
        return Rule.FEW_CHANNELS in self.rules or Rule.SETS_TO_SPARE in self.rules

    def record(self) -> dict[str, Any]:
        """The parameters as files keep them, rules by their names."""
        return asdict(self) | {
            "rules": [rule.name.lower() for rule in self.rules],
            "rule_set": self.rule_set.value,
            "corrections": [correction.value for correction in self.corrections],
        }

    def passes(self, layer: Layer) -> Passes:
        """C/z_i, Y_o/y_o, E/Y_o, G/X_o and F/f_i (eqs 16-18).

        Parameters
        ----------
        layer : Layer
            That the mapping was made for.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> from analytical.mappings.rules import map_layer
        >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
        >>> n = map_layer(layer, EYERISS_16BIT).passes(layer)
        >>> n.z, round(n.filters, 2), round(n.all, 2)
        (3.0, 2.22, 6.67)
        """
        # C is of one filter and F of all groups together, so that a grouped convolution needs no case of its own
        return Passes(
            z=layer.C / self.z_i,
            strips=self.Y_o / self.y_o,
            row_blocks=layer.E / self.Y_o,
            column_tiles=layer.G / self.X_o,
            filters=layer.F / self.f_i,
        )

    def pe_column_height(self, layer: Layer) -> int:
        """h: PEs that a psum climbs through in one pass.

        R rows for each set that shares the z_i channels; h - 1 of these PEs hand the psum on. With a last set that is
        not full, the quotient may fall inside it and is rounded up.
        """
        return math.ceil(layer.R * self.z_i / self.C_set)

    def repetitions(self, layer: Layer) -> Repetitions:
        """How often the mapping repeats the layer's data, for images that run together: eqs 13-18, by axis.

        With exact numbers its words are those of :func:`analytical.closed_forms.count`, which a test holds. The closed
        forms multiply a pass by the number of passes, as the equations and the authors' program do: in floats, the
        order is a part of the result.

        Parameters
        ----------
        layer : Layer
            That the mapping was made for; numbers of both may be fractions.

        Returns
        -------
        Repetitions
            Of one image batch.
        """
        # each tile of filters fetches the ifmap anew: the mapping keeps psums of one tile only
        n = self.passes(layer)
        further_rows = (n.strips - 1) * (self.y_i - (layer.R - layer.U))
        return Repetitions(
            channel_passes=n.z,
            hops=n.z * (self.pe_column_height(layer) - 1),
            filter_passes=n.filters,
            ifmap_fetches=n.filters,
            strips=n.row_blocks * n.strips,
            row_blocks=n.row_blocks,
            strip_rows=n.row_blocks * n.strips * self.y_i,
            fetched_rows=n.row_blocks * (self.y_i + further_rows),
            column_tiles=n.column_tiles,
            ifmap_columns=n.column_tiles * self.X_i,
            image_batches=1,
        )

    def tiling(self, layer: Layer, hardware: Hardware, batch: int) -> Tiling:
        """The mapping in whole tiles that the RFs and the GLB hold.

        Parameters
        ----------
        layer : Layer
        hardware : Hardware
            Those that the mapping was made for.
        batch : int
            Images of the run; at most N of them run together.

        Raises
        ------
        MappingError
            No tile fits the GLB.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> from analytical.mappings.rules import map_layer
        >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
        >>> tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=10)
        >>> tiling.z, tiling.f, tiling.N
        (16, 18, 7)
        """
        try:
            return fit_glb(self._whole_tiles(layer, hardware, batch))
        except MappingError as error:
            # the corrected rules have seen to it that a tile fits
            way_out = "" if least_needs(layer, hardware) else "; the corrected rules map it"
            raise MappingError(f"{error}{way_out}") from None

    def _whole_tiles(self, layer: Layer, hardware: Hardware, batch: int) -> Tiling:
        """Whole tiles, which may exceed the GLB by what is rounded up.

        Fractions of columns are cut; as many blocks of rows as the mapping has share out whole strips.
        """
        # the array may have more columns than the ofmap has rows, where the ifmap has rows that no window needs
        y_o = min(self.y_o, layer.E)
        blocks = math.ceil(layer.E / self.Y_o)
        # a pass stays within a group: filters of another one read other channels
        f = min(self.filters_held(layer, hardware), layer.filters_per_group)
        return Tiling(
            layer=layer,
            hardware=hardware,
            mapping=self,
            S_pass=self.S_pass,
            C_set=self.C_set,
            z=self.z_i,
            f=f,
            m=f,
            y_i=self.y_i,
            y_o=y_o,
            X_o=max(1, min(layer.G, int(self.X_o))),
            Y_o=min(layer.E, y_o * share(share(layer.E, y_o), blocks)),
            N=min(batch, self.N),
            batch=batch,
        )

    def filters_held(self, layer: Layer, hardware: Hardware) -> int:
        """Filters of a pass. Where the published rules ask for more than the RFs of the sets hold (rules 4 and 5 count
        sets that others have given to channels), what they hold counts.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> from analytical.mappings.rules import map_layer
        >>> few = replace(EYERISS_16BIT, P_s=8)
        >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
        >>> mapping = map_layer(layer, few, RuleSet.PUBLISHED)
        >>> mapping.f_i, mapping.filters_held(layer, few)  # all four sets work on channels of the same filters
        (32, 8)
        """
        return min(int(self.f_i), filters_of_sets(layer, hardware, self.S_pass, self.C_set, self.z_i))

    def exact_steps(self, tiling: Tiling, closed: Repetitions) -> Iterator[tuple[str, Repetitions]]:
        """See :meth:`analytical.mappings.LayerMapping.exact_steps`."""
        layer = tiling.layer
        # the ifmap is fetched for each tile of filters: the rules keep psums of one tile only
        held = Fraction(layer.F, self.filters_held(layer, tiling.hardware))
        at = replace(closed, filter_passes=held, ifmap_fetches=held)
        yield "filters that the RFs hold", at
        # a pass stacks whole sets, the last one with fewer channels but all its PEs
        sets = share(self.z_i, self.C_set)
        yield "ragged sets", replace(at, hops=at.channel_passes * (layer.R * sets - 1))

    def whole_repetitions(self, tiling: Tiling) -> Repetitions:
        """See :meth:`analytical.mappings.LayerMapping.whole_repetitions`."""
        return repeated_by(self._whole_tiles(tiling.layer, tiling.hardware, tiling.batch))


def filters_of_sets(layer: Layer, hardware: Hardware, S_pass: int, C_set: int, z_i: int) -> int:
    """Filters for which the RFs of all stacks of sets have room, where a stack holds ``z_i`` channels."""
    of_set = min(hardware.P_s, hardware.f_s // (C_set * layer.S))
    return S_pass // share(z_i, C_set) * of_set
