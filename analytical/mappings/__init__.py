"""Ways to lay layers on a PE array: what they have in common, and the registry by which they are chosen.

A *mapping* is how one layer lies on one hardware; a *mapper* chooses one. Both are protocols: a new kind is a module
with a mapping and a mapper, and one line in :data:`MAPPERS`. Nobody else asks which kind it has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import RuleSet
from analytical.mappings.rules import map_layer
from analytical.mappings.tiling import MappingError, Tiling
from analytical.traffic import Repetitions

__all__ = [
    "MAPPERS",
    "Chosen",
    "LayerMapping",
    "Mapper",
    "MapperOptions",
    "MappingError",
    "Objective",
    "Origin",
    "RuleSet",
    "Tiling",
    "mapper_named",
]


@runtime_checkable
class LayerMapping(Protocol):
    """How one layer is laid on a hardware; what machine and cross-check ask of it.

    The machine runs the tiles of :meth:`tiling`. The cross-check takes the closed forms there in steps: fractions of
    CNNergy's tiles, fractions of this mapping's (:meth:`exact_steps`), whole tiles (:meth:`whole_repetitions`), tiles
    that fit the GLB (:meth:`tiling`).
    """

    def tiling(self, layer: Layer, hardware: Hardware, batch: int) -> Tiling:
        """The mapping in whole tiles that the RFs and the GLB hold, for ``batch`` images.

        Parameters
        ----------
        layer : Layer
        hardware : Hardware
        batch : int
            Images of the run; how many run together is the mapping's to say.

        Raises
        ------
        MappingError
            It does not fit the hardware.
        """

    def exact_steps(self, tiling: Tiling, closed: Repetitions) -> Iterator[tuple[str, Repetitions]]:
        """Named steps from what the closed forms repeat (``closed``, in exact fractions) to what this mapping's own
        closed forms would, for the layer and hardware of ``tiling``. The names are those of the cross-check's effects.
        """

    def whole_repetitions(self, tiling: Tiling) -> Repetitions:
        """What the mapping repeats once its tiles are whole, before they are made to fit the GLB as in ``tiling``."""

    def record(self) -> dict[str, Any]:
        """The mapping as files keep it, number by number."""


class Origin(Enum):
    """Where a mapping comes from: CNNergy's rules, a publication, what was measured on the chip, a person's file, the
    search for least energy, or the rule that the chip's mappings follow."""

    RULES = "rules"
    PUBLISHED = "published"
    INFERRED = "inferred"
    FILE = "file"
    FOUND = "found"
    CHIP_RULE = "chip rule"


class Objective(Enum):
    """What the mapper of the chip's kind of mapping goes by: least energy, where nothing is known of what the chip ran;
    or, for every layer, the rule that was inferred from the chip (:mod:`analytical.mappings.chip_rule`)."""

    ENERGY = "energy"
    CHIP = "chip"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A layer's mapping, where it comes from, and how many the mapper weighed for it.

    Attributes
    ----------
    mapping : LayerMapping
    origin : Origin
    weighed : int
        Mappings whose energy was computed; 0 where none were compared.
    """

    mapping: LayerMapping
    origin: Origin
    weighed: int = 0

    def record(self) -> dict[str, Any]:
        """The choice as files keep it."""
        return self.mapping.record() | {"origin": self.origin.value, "weighed": self.weighed}


@dataclass(frozen=True, kw_only=True, slots=True)
class MapperOptions:
    """What a person may say of how layers are mapped; each mapper looks at what is its own.

    Attributes
    ----------
    own : mapping of str to LayerMapping
        A person's own mappings, by the layers' names; only for mappers that take files.
    rules : RuleSet
        Whose rules CNNergy's mapper goes by.
    objective : Objective
        What the chip's mapper goes by.
    """

    own: Mapping[str, LayerMapping] = field(default_factory=dict)
    rules: RuleSet = RuleSet.CORRECTED
    objective: Objective = Objective.ENERGY


class Mapper(Protocol):
    """Who chooses the mapping of a layer."""

    @property
    def name(self) -> str:
        """What options call it."""

    @property
    def summary(self) -> str:
        """How it lays layers on the array, in a few words."""

    @property
    def takes_files(self) -> bool:
        """Whether people can give mappings of their own for it."""

    def choose(self, layer: Layer, hardware: Hardware, batch: int, options: MapperOptions) -> Chosen:
        """The mapping of a layer.

        Parameters
        ----------
        layer : Layer
        hardware : Hardware
        batch : int
            Images of the run.
        options : MapperOptions
            What a person said.

        Raises
        ------
        MappingError
            The person's own does not fit, or none does.
        """


class CnnergyMapper:
    """CNNergy's automated mapping (section IV-C).

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.networks import load_network
    >>> chosen = CnnergyMapper().choose(load_network("alexnet").layer("C3"), EYERISS_16BIT, 1, MapperOptions())
    >>> chosen.origin.value, chosen.mapping.z_i
    ('rules', 16)
    """

    name = "cnnergy"
    summary = "by CNNergy's rules"
    takes_files = False

    def choose(self, layer: Layer, hardware: Hardware, batch: int, options: MapperOptions) -> Chosen:
        """See :meth:`Mapper.choose`; the batch of a run does not matter to the rules."""
        del batch
        return Chosen(mapping=map_layer(layer, hardware, options.rules), origin=Origin.RULES)


class EyerissMapper:
    """As the Eyeriss chip lays layers on its array: as a person says; as published, or inferred from measurements, or
    else with least energy; or by the chip's inferred rule, if asked for.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.networks import load_network
    >>> chosen = EyerissMapper().choose(load_network("alexnet").layer("C3"), EYERISS_16BIT, 4, MapperOptions())
    >>> chosen.origin.value, chosen.weighed
    ('published', 0)
    """

    name = "eyeriss"
    summary = "as on the Eyeriss chip: as published, or inferred, or else with least energy"
    takes_files = True

    def choose(self, layer: Layer, hardware: Hardware, batch: int, options: MapperOptions) -> Chosen:
        """See :meth:`Mapper.choose`."""
        # a person's own comes first, even where another would cost less
        if layer.name in options.own:
            options.own[layer.name].tiling(layer, hardware, batch)  # refuses what does not fit
            return Chosen(mapping=options.own[layer.name], origin=Origin.FILE)
        from analytical.mappings.chip_rule import find_as_chip  # pydantic takes its time to import, and NumPy
        from analytical.mappings.files import known_mapping
        from analytical.mappings.search import find_mapping

        if options.objective is Objective.CHIP:
            found = find_as_chip(layer, hardware, batch)
            return Chosen(mapping=found.mapping, origin=Origin.CHIP_RULE, weighed=found.weighed)
        # what the chip was run with is preferred to the search, so that runs can be set beside its measurements
        known = known_mapping(layer, hardware)
        if known is not None:
            return known
        found = find_mapping(layer, hardware, batch)
        return Chosen(mapping=found.mapping, origin=Origin.FOUND, weighed=found.weighed)


MAPPERS: dict[str, Mapper] = {mapper.name: mapper for mapper in (CnnergyMapper(), EyerissMapper())}
"""Every mapper, by name; the first is the default."""

DEFAULT_MAPPER, *_ = MAPPERS

FILE_MAPPER = next(mapper.name for mapper in MAPPERS.values() if mapper.takes_files)
"""The mapper that a file of mappings implies."""


OBJECTIVES = tuple(objective.value for objective in Objective)
"""Names of the objectives; the first is the default."""


def objective_named(name: Objective | str) -> Objective:
    """The objective of that name.

    Raises
    ------
    MappingError
        There is none.

    Examples
    --------
    >>> objective_named("chip")
    <Objective.CHIP: 'chip'>
    """
    try:
        return Objective(name)
    except ValueError:
        raise MappingError(f"objective is {name!r}; expected {' or '.join(OBJECTIVES)}") from None


def mapper_named(name: str) -> Mapper:
    """The mapper of that name.

    Raises
    ------
    MappingError
        There is none.

    Examples
    --------
    >>> mapper_named("cnnergy").summary
    "by CNNergy's rules"
    """
    if name not in MAPPERS:
        raise MappingError(f"mapping is {name!r}; expected {' or '.join(MAPPERS)}")
    return MAPPERS[name]
