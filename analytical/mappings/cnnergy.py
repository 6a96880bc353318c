"""How a layer is laid on the hardware: CNNergy's automated mapping (section IV-C), with its exception rules."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Any

from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.tiling import MappingError, Tiling, fit_glb
from analytical.spans import share
from analytical.traffic import Repetitions, repeated_by

CHANNELS_OF_1X1_PASS = 72
"""z_i that rule 3 sets (the paper's "reduced z_i" for 1x1 filters)."""

FEW_1X1_FILTERS, SOME_1X1_FILTERS = 18, 36
"""Up to the first, rule 3 keeps all filters in one set; below the second, it shares them out among the sets."""


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

    @property
    def all_channels_in_one_pass(self) -> bool:
        """No psum waits in the GLB for another pass's channels (rules 1 and 2)."""
        return Rule.FEW_CHANNELS in self.rules or Rule.SETS_TO_SPARE in self.rules

    def record(self) -> dict[str, Any]:
        """The parameters as files keep them, rules by their names."""
        return asdict(self) | {"rules": [rule.name.lower() for rule in self.rules]}

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
        >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
        >>> tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=10)
        >>> tiling.z, tiling.f, tiling.N
        (16, 18, 7)
        """
        return fit_glb(self._whole_tiles(layer, hardware, batch))

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
        """Filters of a pass. Where the paper's rules ask for more than the RFs of the sets hold (rules 4 and 5 count
        sets that others have given to channels), what they hold counts.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> few = replace(EYERISS_16BIT, P_s=8)
        >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
        >>> mapping = map_layer(layer, few)
        >>> mapping.f_i, mapping.filters_held(layer, few)  # all four sets work on channels of the same filters
        (32, 8)
        """
        sets = share(self.z_i, self.C_set)
        filters_of_set = min(hardware.P_s, hardware.f_s // (self.C_set * layer.S))
        return min(int(self.f_i), self.S_pass // sets * filters_of_set)

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


# remembered, since estimate, machine and exploration of the GLB ask for the same layers
@lru_cache(maxsize=1024)
def map_layer(layer: Layer, hardware: Hardware) -> CnnergyMapping:
    """Map ``layer`` on ``hardware`` (section IV-C, Fig. 7).

    Parameters
    ----------
    layer : Layer
        Its shape; sparsity and batch do not matter to the rules.
    hardware : Hardware
        Its array, RFs and GLB (paper, Table II).

    Raises
    ------
    MappingError
        No mapping exists: the filter is taller than the array, longer than the RFs, or a tile fits no GLB.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
    >>> mapping = map_layer(layer, EYERISS_16BIT)
    >>> mapping.z_i, mapping.f_i, mapping.N
    (16, 18, 7)
    """
    _require(
        layer.R <= hardware.J,
        layer,
        f"a filter of {layer.R} rows is taller than the array of {hardware.J} PE rows; J >= {layer.R} would fit it",
    )
    _require(
        hardware.I_s >= layer.S,
        layer,
        f"a filter row of {layer.S} words exceeds the ifmap RF of {hardware.I_s}; I_s >= {layer.S} would fit it",
    )
    # eqs 5 to 8; the filter RF is shared out by rows, of which a filter has one for each channel of the set
    S_pass = hardware.J // layer.R
    C_set = hardware.I_s // layer.S
    rows = hardware.f_s // layer.S
    rules: list[Rule] = []

    # a set holds all channels: the sets, which would hold others, take more filters
    if C_set >= layer.C:
        rules.append(Rule.FEW_CHANNELS)
        C_set = z_i = layer.C
        f_set: float = rows // C_set
        f_i: float = f_set * S_pass
    else:
        z_i = C_set * S_pass
        f_set = f_i = rows // C_set
    _require(
        f_set >= 1,
        layer,
        f"the filter RF of {hardware.f_s} words cannot hold a row of {layer.S} words for each of {C_set} channels; "
        f"f_s >= {C_set * layer.S} would fit them",
    )

    # a stack of sets holds all channels: the sets left over make further stacks, with filters of their own
    if C_set < layer.C < z_i:
        rules.append(Rule.SETS_TO_SPARE)
        z_i = layer.C
        f_i = f_set * (S_pass // math.ceil(layer.C / C_set))
    elif _is_1x1(layer) and not rules and _holds_1x1_pass(S_pass, C_set):
        # fewer channels in a pass than the array holds leave sets for more filters
        rules.append(Rule.FILTERS_1X1)
        z_i = CHANNELS_OF_1X1_PASS
        super_sets = S_pass // math.ceil(z_i / C_set)
        if layer.F <= FEW_1X1_FILTERS:
            f_set = f_i = layer.F
        elif layer.F < SOME_1X1_FILTERS:
            f_set, f_i = layer.F / super_sets, layer.F
        else:
            f_i = f_set * super_sets

    # rules 4 and 5 limit what the rules above have given, and so come after them
    if f_i > layer.F:
        rules.append(Rule.FEW_FILTERS)
        f_set, f_i = layer.F / S_pass, layer.F
    if f_set > hardware.P_s:
        rules.append(Rule.PSUM_RF)
        # a PE keeps one psum for each filter of its set
        f_set, f_i = hardware.P_s, hardware.P_s * S_pass

    return _fit_glb(layer, hardware, S_pass=S_pass, C_set=C_set, f_set=f_set, z_i=z_i, f_i=f_i, rules=rules)


def _fit_glb(
    layer: Layer, hardware: Hardware, *, S_pass: int, C_set: int, f_set: float, z_i: int, f_i: float, rules: list[Rule]
) -> CnnergyMapping:
    """Choose X_i, X_o, Y_o and N so that ifmap and psums fit the GLB (section IV-C3, eqs 9-12; rule 6)."""
    glb = hardware.glb_kib
    kib = hardware.b_w / 8192
    # eq 6 for a strip of K ofmap rows; one that reaches over the ifmap is the whole of it
    strip = layer.U * (hardware.K - 1) + layer.R
    y_i, y_o = (layer.H, layer.E) if strip >= layer.H else (strip, hardware.K)
    one_pass = Rule.FEW_CHANNELS in rules or Rule.SETS_TO_SPARE in rules

    X_i: float = layer.W
    X_o: float = layer.G
    Y_o: float = layer.E
    # also when the ifmap fills the GLB to the last word: psums need some of it, and the loops below rely on that
    while X_i * y_i * z_i * kib >= glb:
        # fractions stay, as in the authors' program: the closed forms take them, and tiles are made whole later
        X_i /= 2
        X_o = (X_i - layer.S) / layer.U + 1
    _require(
        X_o > 0,
        layer,
        f"a strip of {y_i} rows by {z_i} channels, one window wide, exceeds the GLB of {glb} KiB; "
        f"more than {layer.S * y_i * z_i * kib:g} KiB would fit it",
    )
    ifmap_kib = X_i * y_i * z_i * kib
    # eq 11; where it gives none, psums of all channels at once need not wait in the GLB, and others get fewer rows
    N = 1
    if ifmap_kib + X_o * Y_o * f_i * kib <= glb:
        N = math.floor(glb / (ifmap_kib + X_o * Y_o * f_i * kib))
    elif not one_pass:
        while ifmap_kib + X_o * Y_o * f_i * kib > glb:
            Y_o /= 2
    # halving may have gone below a strip, which would leave PE columns without work: fewer filters instead
    if Y_o < y_o:
        rules.append(Rule.WHOLE_STRIP)
        Y_o = y_o
        if not one_pass:
            # at least one fewer, as in the authors' program; where that would leave none, a filter that fits stays
            f_i = f_i - 1 if f_i > 1 else f_i
            while ifmap_kib + X_o * Y_o * f_i * kib > glb:
                f_i -= 1
            _require(
                f_i >= 1,
                layer,
                f"the psums of one filter over a strip of {y_o} rows do not fit the GLB of {glb} KiB beside "
                f"{ifmap_kib:g} KiB of ifmap; {ifmap_kib + X_o * y_o * kib:g} KiB would fit them",
            )
    psum_kib = X_o * Y_o * f_i * kib
    return CnnergyMapping(
        S_pass=S_pass,
        C_set=C_set,
        f_set=f_set,
        z_i=z_i,
        f_i=f_i,
        y_i=y_i,
        y_o=y_o,
        X_i=X_i,
        X_o=X_o,
        Y_o=Y_o,
        N=N,
        ifmap_kib=ifmap_kib,
        psum_kib=psum_kib,
        rules=tuple(rules),
    )


def _is_1x1(layer: Layer) -> bool:
    return layer.R == layer.S == 1 and layer.E != 1


def _holds_1x1_pass(S_pass: int, C_set: int) -> bool:
    """Rule 3 is a heuristic for arrays that hold its 72 channels; a smaller one keeps the general mapping."""
    return S_pass * C_set >= CHANNELS_OF_1X1_PASS


def _require(fits: bool, layer: Layer, why: str) -> None:
    if not fits:
        raise MappingError(f"layer {layer.name} cannot be mapped: {why}")
