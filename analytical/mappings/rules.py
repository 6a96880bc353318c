"""CNNergy's automated mapping (section IV-C), by the published rules or by the corrected ones."""

from functools import lru_cache

from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.advice import way_out
from analytical.mappings.cnnergy import CnnergyMapping, RuleSet
from analytical.mappings.rules_corrected import images_that_fit, map_corrected
from analytical.mappings.rules_published import map_as_published
from analytical.mappings.tiling import MappingError

RULE_SETS = tuple(rule_set.value for rule_set in RuleSet)
"""Names of the rule sets; the first is the default."""


def map_layer(layer: Layer, hardware: Hardware, rules: RuleSet | str = RuleSet.CORRECTED) -> CnnergyMapping:
    """Map ``layer`` on ``hardware`` (section IV-C, Fig. 7).

    Parameters
    ----------
    layer : Layer
        Its shape; to the corrected rules, its sparsity and batch matter as well.
    hardware : Hardware
        Its array, RFs and GLB (paper, Table II); to the corrected rules, its prices matter as well.
    rules : RuleSet or str
        ``"corrected"``: the published rules, and named corrections where these give what cannot be, or what costs
        needlessly much; ``"published"``: those of the authors' program.

    Raises
    ------
    MappingError
        No mapping exists; the message says why, and, where there is one, a way out.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
    >>> mapping = map_layer(layer, EYERISS_16BIT)
    >>> mapping.z_i, mapping.f_i, mapping.N, mapping.corrections
    (16, 18, 7, ())
    """
    return _map(layer, hardware, rule_set_named(rules))


def images_together(layer: Layer, hardware: Hardware, mapping: CnnergyMapping) -> int:
    """Most images that share the filters of a layer: those that fit the GLB; or, by the published rules, the layer's
    own batch, if that is more.

    Parameters
    ----------
    layer : Layer
    hardware : Hardware
    mapping : CnnergyMapping
        Of the one on the other.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> layer = Layer.conv("L", channels=64, size=56, filters=96, filter=1, batch=64)
    >>> [images_together(layer, EYERISS_16BIT, map_layer(layer, EYERISS_16BIT, rules)) for rules in RULE_SETS]
    [1, 64]
    """
    if mapping.rule_set is RuleSet.PUBLISHED:
        return max(mapping.N, layer.batch)
    return images_that_fit(layer, hardware, mapping)


def rule_set_named(name: RuleSet | str) -> RuleSet:
    """The rule set of that name.

    Raises
    ------
    MappingError
        There is none.

    Examples
    --------
    >>> rule_set_named("published")
    <RuleSet.PUBLISHED: 'published'>
    """
    try:
        return RuleSet(name)
    except ValueError:
        raise MappingError(f"rules is {name!r}; expected {' or '.join(RULE_SETS)}") from None


# remembered, since estimate, machine and exploration of the GLB ask for the same layers
@lru_cache(maxsize=4096)
def _map(layer: Layer, hardware: Hardware, rule_set: RuleSet) -> CnnergyMapping:
    if rule_set is RuleSet.CORRECTED:
        return map_corrected(layer, hardware)
    try:
        return map_as_published(layer, hardware)
    except MappingError as error:
        raise MappingError(f"{error}{_other_rules(layer, hardware)}") from None


def forget_mappings() -> None:
    """Map all layers anew from now on, as a new process does."""
    _map.cache_clear()


def _other_rules(layer: Layer, hardware: Hardware) -> str:
    """A way out for who is refused by the published rules: the corrected ones, or other hardware."""
    try:
        map_corrected(layer, hardware)
    except MappingError:
        return way_out(layer, hardware, _as_published)
    return "; the corrected rules map it"


def _as_published(layer: Layer, hardware: Hardware) -> bool:
    try:
        map_as_published(layer, hardware).tiling(layer, hardware, batch=1)
    except MappingError:
        return False
    return True
