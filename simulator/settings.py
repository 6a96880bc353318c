"""All that a run depends on, checked when it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analytical import __version__
from analytical.checks import is_whole
from analytical.energy import Accounting
from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.layer import LARGEST, Layer
from analytical.mappings import (
    DEFAULT_MAPPER,
    FILE_MAPPER,
    Chosen,
    LayerMapping,
    MapperOptions,
    Objective,
    RuleSet,
    mapper_named,
    objective_named,
)
from analytical.mappings.rules import rule_set_named
from analytical.network import Network
from analytical.networks import as_table

ENGINES = ("fast", "detailed", "stepped")
"""Names of the machine's engines, known without importing them; the first is the default."""

ACCOUNTINGS = tuple(accounting.value for accounting in Accounting)
"""Names of the accountings."""

LARGEST_SEED = 2**63 - 1


class SettingsError(InputError):
    """Settings with which nothing can run; the message says which, and what was expected."""


APART, TOGETHER = GROUPS = ("apart", "together")
"""How convolution groups of a layer run; the first is the default."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """All that a run depends on; the same settings give the same run.

    Attributes
    ----------
    network : Network
        The whole network.
    selected : tuple of str or None
        Names of the layers that run; None: all.
    hardware : Hardware
        What they run on.
    mapping : str
        How layers are laid on the array, one of :data:`analytical.mappings.MAPPERS`.
    own_mappings : mapping of str to LayerMapping
        A person's own, by layer; other layers get what the mapper chooses.
    rules : RuleSet or str
        Whose rules CNNergy's mapping goes by, and with it the closed forms.
    objective : Objective or str
        What the chip's mapper goes by.
    groups : str
        Whether convolution groups of a layer run one after the other (``apart``), or side by side where the array has
        free sets (``together``); one of :data:`GROUPS`.
    engine : str
        One of :data:`ENGINES`; the results are the same.
    batch : int or None
        Images; None: as many as each layer says.
    seed : int
        Of the synthetic data.
    accounting : Accounting
        Which events are charged energy.
    verify : bool
        Compare each ofmap with a direct convolution.
    keep_tensors : bool
        Keep ifmaps, filters and ofmaps in the results.
    memory_bytes : float or None
        What a layer may take of memory, estimated before it runs; None: what is free. No result depends on it.

    Raises
    ------
    SettingsError, MappingError, NetworkError
        Something that cannot be.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.networks import load_network
    >>> Settings(network=load_network("alexnet"), hardware=EYERISS_16BIT, engine="quick")
    Traceback (most recent call last):
    ...
    simulator.settings.SettingsError: engine is 'quick'; expected fast, detailed or stepped
    """

    network: Network
    selected: tuple[str, ...] | None = None
    hardware: Hardware
    mapping: str = DEFAULT_MAPPER
    own_mappings: Mapping[str, LayerMapping] = field(default_factory=dict)
    rules: RuleSet | str = RuleSet.CORRECTED
    objective: Objective | str = Objective.ENERGY
    groups: str = GROUPS[0]
    engine: str = ENGINES[0]
    batch: int | None = None
    seed: int = 0
    accounting: Accounting = Accounting.CNNERGY
    verify: bool = False
    keep_tensors: bool = False
    memory_bytes: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.selected is not None:
            if not self.selected:
                raise SettingsError("layers is empty; expected at least one name of a layer")
            # raises for a name that the network does not have; so below for own mappings
            self.network.subset(self.selected)
        # a mapper that does not look at them would run something else than was asked for
        mapper = mapper_named(self.mapping)
        if self.own_mappings and not mapper.takes_files:
            raise SettingsError(f"own mappings are given with mapping {self.mapping}; expected {FILE_MAPPER}")
        self.network.subset([*self.own_mappings])
        object.__setattr__(self, "rules", rule_set_named(self.rules))
        objective = objective_named(self.objective)
        object.__setattr__(self, "objective", objective)
        if objective is not Objective.ENERGY and not mapper.takes_files:
            asked = f"objective is {objective.value} with mapping {self.mapping}"
            raise SettingsError(f"{asked}; expected mapping {FILE_MAPPER}")
        if self.groups not in GROUPS:
            raise SettingsError(f"groups is {self.groups!r}; expected {' or '.join(GROUPS)}")
        if self.engine not in ENGINES:
            raise SettingsError(f"engine is {self.engine!r}; expected {', '.join(ENGINES[:-1])} or {ENGINES[-1]}")
        # is_whole takes NumPy's integers, and refuses True, which is 1 to Python
        if self.batch is not None and not (is_whole(self.batch) and 1 <= self.batch <= LARGEST):
            raise SettingsError(f"batch is {self.batch!r}; expected a whole number of images from 1 to {LARGEST}")
        if not is_whole(self.seed) or not 0 <= self.seed <= LARGEST_SEED:
            raise SettingsError(f"seed is {self.seed!r}; expected a whole number from 0 to {LARGEST_SEED}")
        # NumPy's integers become Python's, which never overflow
        for name in ("batch", "seed"):
            value = getattr(self, name)
            object.__setattr__(self, name, value if value is None else int(value))
        self._require_traced()
        if not isinstance(self.accounting, Accounting):
            # callers without a type checker
            expected = f"{', '.join(ACCOUNTINGS)}, as an Accounting"  # type: ignore[unreachable]
            raise SettingsError(f"accounting is {self.accounting!r}; expected {expected}")

    def _require_traced(self) -> None:
        """A trace has values of its own: of so many images, and of so many bits."""
        trace, name = self.network.trace, self.network.name
        if trace is None:
            return
        if self.seed:
            raise SettingsError(f"seed is {self.seed}; expected none, since {name} has values of its own")
        if self.hardware.b_w != trace.bits:
            raise SettingsError(
                f"hardware {self.hardware.name} has words of {self.hardware.b_w} bits; expected {trace.bits}, as the "
                f"values of {name} (python -m traces import --bits {self.hardware.b_w} makes others)"
            )
        if self.batch is not None and self.batch > trace.images:
            raise SettingsError(f"batch is {self.batch}; expected at most {trace.images}, the images of {name}")

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that run, in order."""
        return self.network.layers if self.selected is None else self.network.subset(self.selected)

    @property
    def title(self) -> str:
        """Which run it is, in one line."""
        return title_of(self.record())

    def images(self, layer: Layer) -> int:
        """Images that run through ``layer``."""
        # a batch of 0 cannot be: it was refused when the settings were made
        return self.batch or layer.batch

    def choose(self, layer: Layer) -> Chosen:
        """How ``layer`` is laid on the array: its own mapping if there is one, or what the mapper chooses.

        Raises
        ------
        MappingError
            It does not fit.
        """
        options = MapperOptions(
            own=self.own_mappings, rules=rule_set_named(self.rules), objective=objective_named(self.objective)
        )
        return mapper_named(self.mapping).choose(layer, self.hardware, self.images(layer), options)

    def mappings(self) -> dict[str, Chosen]:
        """The mappings of all layers that run, by name."""
        return {layer.name: self.choose(layer) for layer in self.layers}

    def record(self) -> dict[str, Any]:
        """The settings as files keep them."""
        return {
            "network": self.network.name,
            "bits": self.hardware.b_w,
            "mapping": self.mapping,
            "rules": rule_set_named(self.rules).value,
            "objective": objective_named(self.objective).value,
            # what older files do not say is what they did
            **({} if self.groups == GROUPS[0] else {"groups": self.groups}),
            "engine": self.engine,
            "batch": self.batch,
            "selected": list(self.selected) if self.selected is not None else None,
            "seed": self.seed,
            "accounting": self.accounting.value,
            "version": __version__,
            "hardware": self.hardware.record(),
            "table": as_table(self.network),
            **({} if self.network.trace is None else {"trace": self.network.trace.record()}),
        }


def title_of(settings: Mapping[str, Any]) -> str:
    """Which run settings are, as files keep them, in one line.

    Parameters
    ----------
    settings : mapping
        With the names of :meth:`Settings.record`.

    Examples
    --------
    >>> title_of({"network": "alexnet", "hardware": {"name": "eyeriss-16bit"}, "bits": 16, "mapping": "cnnergy",
    ...     "batch": 1, "seed": 0, "engine": "fast"})
    'alexnet on eyeriss-16bit, 16 bit, mapping cnnergy, batch 1, seed 0, fast engine'
    """
    # files of other programs may not say
    batch = f"batch {settings['batch']}, " if settings.get("batch") is not None else "batches of the table, "
    if "batch" not in settings:
        batch = ""
    return (
        f"{settings['network']} on {settings['hardware']['name']}, {settings['bits']} bit, "
        f"mapping {settings['mapping']}, "
        f"{'groups ' + settings['groups'] + ', ' if settings.get('groups') else ''}"
        f"{batch}{'traced values' if settings.get('trace') else 'seed ' + str(settings['seed'])}, "
        f"{settings['engine']} engine"
    )
