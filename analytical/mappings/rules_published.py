"""CNNergy's rules as published (section IV-C), with the exceptions that the paper only names: the authors' program."""

import math
from dataclasses import dataclass

from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import CnnergyMapping, Rule, RuleSet
from analytical.mappings.tiling import MappingError

CHANNELS_OF_1X1_PASS = 72
"""z_i that rule 3 sets (the paper's "reduced z_i" for 1x1 filters)."""

FEW_1X1_FILTERS, SOME_1X1_FILTERS = 18, 36
"""Up to the first, rule 3 keeps all filters in one set; below the second, it shares them out among the sets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sets:
    """How channels and filters share out on the sets of a pass: S_pass, C_set, z_i, f_set and f_i of the mapping."""

    S_pass: int
    C_set: int
    z_i: int
    f_set: float
    f_i: float
    rules: tuple[Rule, ...] = ()

    @property
    def one_pass(self) -> bool:
        """All channels are in one pass (rules 1 and 2)."""
        return Rule.FEW_CHANNELS in self.rules or Rule.SETS_TO_SPARE in self.rules


def map_as_published(layer: Layer, hardware: Hardware) -> CnnergyMapping:
    """The mapping of the authors' program.

    Parameters
    ----------
    layer : Layer
        Its shape; sparsity and batch do not matter to the rules.
    hardware : Hardware
        Its array, RFs and GLB (paper, Table II).

    Raises
    ------
    MappingError
        The rules give none.
    """
    require(
        layer.R <= hardware.J,
        layer,
        f"a filter of {layer.R} rows is taller than the array of {hardware.J} PE rows",
    )
    require(
        hardware.I_s >= layer.S,
        layer,
        f"a filter row of {layer.S} words exceeds the ifmap RF of {hardware.I_s}",
    )
    C_set = min(hardware.I_s // layer.S, layer.C)
    require(
        hardware.f_s // layer.S >= C_set,
        layer,
        f"the filter RF of {hardware.f_s} words cannot hold a row of {layer.S} words for each of {C_set} channels",
    )
    sets = share_out(layer, hardware, filters=layer.F, most_channels=hardware.I_s // layer.S)
    y_i, y_o = strip_of(layer, hardware.K)
    kib = hardware.b_w / 8192
    X_i: float = layer.W
    X_o: float = layer.G
    # also when the ifmap fills the GLB to the last word: psums need some of it, and what follows relies on that
    while X_i * y_i * sets.z_i * kib >= hardware.glb_kib:
        X_i, X_o = halved(layer, X_i)
    require(
        X_o > 0,
        layer,
        f"a strip of {y_i} rows by {sets.z_i} channels is halved below one window before it fits the GLB of "
        f"{hardware.glb_kib} KiB",
    )
    mapping = fit(layer, hardware, sets, y_i=y_i, y_o=y_o, X_i=X_i, X_o=X_o, rule_set=RuleSet.PUBLISHED)
    if mapping is None:
        raise MappingError(
            f"layer {layer.name} cannot be mapped: the psums of one filter over a strip of {y_o} rows do not fit the "
            f"GLB of {hardware.glb_kib} KiB beside {X_i * y_i * sets.z_i * kib:g} KiB of ifmap"
        )
    return mapping


def require(fits: bool, layer: Layer, why: str) -> None:
    """Raise :class:`MappingError`, and say why, if the layer does not fit."""
    if not fits:
        raise MappingError(f"layer {layer.name} cannot be mapped: {why}")


def share_out(layer: Layer, hardware: Hardware, *, filters: int, most_channels: int) -> Sets:
    """Channels and filters of sets and passes (eqs 5 to 8; rules 1 to 5).

    Parameters
    ----------
    layer : Layer
    hardware : Hardware
        Its array holds the filter's rows, and its RFs one of its rows.
    filters : int
        F, with which rules 3 and 4 compare.
    most_channels : int
        Of a set, by the RFs.
    """
    # the filter RF is shared out by rows, of which a filter has one for each channel of the set
    S_pass = hardware.J // layer.R
    C_set = most_channels
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
        if filters <= FEW_1X1_FILTERS:
            f_set = f_i = filters
        elif filters < SOME_1X1_FILTERS:
            f_set, f_i = filters / super_sets, filters
        else:
            f_i = f_set * super_sets

    # rules 4 and 5 limit what the rules above have given, and so come after them
    if f_i > filters:
        rules.append(Rule.FEW_FILTERS)
        f_set, f_i = filters / S_pass, filters
    if f_set > hardware.P_s:
        rules.append(Rule.PSUM_RF)
        # a PE keeps one psum for each filter of its set
        f_set, f_i = hardware.P_s, hardware.P_s * S_pass
    return Sets(S_pass=S_pass, C_set=C_set, z_i=z_i, f_set=f_set, f_i=f_i, rules=tuple(rules))


def strip_of(layer: Layer, rows: int) -> tuple[int, int]:
    """y_i and y_o of a strip of so many ofmap rows (eq 6); one that reaches over the ifmap is the whole of it."""
    strip = layer.U * (rows - 1) + layer.R
    return (layer.H, layer.E) if strip >= layer.H else (strip, rows)


def halved(layer: Layer, X_i: float) -> tuple[float, float]:
    """X_i and X_o of a tile of half the width.

    Fractions stay, as in the authors' program: the closed forms take them, and tiles are made whole later.
    """
    X_i /= 2
    return X_i, (X_i - layer.S) / layer.V + 1


def fit(
    layer: Layer,
    hardware: Hardware,
    sets: Sets,
    *,
    y_i: int,
    y_o: int,
    X_i: float,
    X_o: float,
    rule_set: RuleSet,
) -> CnnergyMapping | None:
    """Choose Y_o, f_i and N so that psums fit the GLB beside a strip's ifmap (section IV-C3, eqs 9-12; rule 6).

    Parameters
    ----------
    layer : Layer
    hardware : Hardware
    sets : Sets
        Channels and filters of a pass.
    y_i, y_o : int
        Rows of the strip.
    X_i, X_o : float
        Columns of the tile.
    rule_set : RuleSet
        For the record.

    Returns
    -------
    CnnergyMapping or None
        None where not even the psums of one filter fit.
    """
    glb, kib = hardware.glb_kib, hardware.b_w / 8192
    rules, f_i = list(sets.rules), sets.f_i
    Y_o: float = layer.E
    ifmap_kib = X_i * y_i * sets.z_i * kib
    # eq 11; where it gives none, psums of all channels at once need not wait in the GLB, and others get fewer rows
    N = 1
    if ifmap_kib + X_o * Y_o * f_i * kib <= glb:
        N = math.floor(glb / (ifmap_kib + X_o * Y_o * f_i * kib))
    elif not sets.one_pass:
        # nothing of a tile's psums fits, however few its rows
        if ifmap_kib >= glb:
            return None
        while ifmap_kib + X_o * Y_o * f_i * kib > glb:
            Y_o /= 2
    # halving may have gone below a strip, which would leave PE columns without work: fewer filters instead
    if Y_o < y_o:
        rules.append(Rule.WHOLE_STRIP)
        Y_o = y_o
        if not sets.one_pass:
            # at least one fewer, as in the authors' program; where that would leave none, a filter that fits stays
            f_i = f_i - 1 if f_i > 1 else f_i
            while f_i >= 1 and ifmap_kib + X_o * Y_o * f_i * kib > glb:
                f_i -= 1
            if f_i < 1:
                return None
    return CnnergyMapping(
        S_pass=sets.S_pass,
        C_set=sets.C_set,
        f_set=sets.f_set,
        z_i=sets.z_i,
        f_i=f_i,
        y_i=y_i,
        y_o=y_o,
        X_i=X_i,
        X_o=X_o,
        Y_o=Y_o,
        N=N,
        ifmap_kib=ifmap_kib,
        psum_kib=X_o * Y_o * f_i * kib,
        rules=tuple(rules),
        rule_set=rule_set,
    )


def _is_1x1(layer: Layer) -> bool:
    return layer.R == layer.S == 1 and layer.E != 1


def _holds_1x1_pass(S_pass: int, C_set: int) -> bool:
    """Rule 3 is a heuristic for arrays that hold its 72 channels; a smaller one keeps the general mapping."""
    return S_pass * C_set >= CHANNELS_OF_1X1_PASS
