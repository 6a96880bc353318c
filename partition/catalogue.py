"""Which of several models to run: the least energy at which accuracy, energy and delay are within limits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from analytical import __version__
from analytical.checks import is_number
from analytical.errors import InputError
from analytical.files import choose_hardware, hardware_beside
from analytical.files.toml import as_model, read_toml
from analytical.graph import graph_of
from analytical.mappings.cnnergy import RuleSet
from analytical.network import word_bits
from analytical.networks import ZOO, load_network
from analytical.networks.table import with_image
from analytical.results import ByLayer, frame, html_table
from partition.planning import plan
from partition.radios import radio_of
from partition.sources import ANALYTICAL, EnergySource, Watch, choose_source
from partition.units import quantity


class CatalogueError(InputError):
    """A catalogue that cannot be read or used; the message says what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """One entry of a catalogue, and what it costs.

    Attributes
    ----------
    name : str
    accuracy : float
        In percent, by its user's own metric: nothing here measures it.
    metric, source : str
        What that is, and who says so.
    energy_J : float
        That the phone spends on an image.
    latency_s : float or None
        None: nobody has said.
    cut : str or None
        Where it is cut, if there is a cloud; None: the figures are stated, or the phone runs all of it.
    """

    name: str
    accuracy: float
    metric: str
    source: str
    energy_J: float
    latency_s: float | None
    cut: str | None = None

    def beats(self, other: "Model") -> bool:
        """Whether it is as good as another in accuracy, energy and latency, and better in one; what nobody has said is
        not compared."""
        pairs = [(-self.accuracy, -other.accuracy), (self.energy_J, other.energy_J)]
        if self.latency_s is not None and other.latency_s is not None:
            pairs.append((self.latency_s, other.latency_s))
        elif self.latency_s is None and other.latency_s is not None:
            return False
        return all(own <= theirs for own, theirs in pairs) and any(own < theirs for own, theirs in pairs)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a model has to meet.

    Attributes
    ----------
    min_accuracy : float or None
        In percent.
    max_energy_J, max_delay_s : float or None
    """

    min_accuracy: float | None = None
    max_energy_J: float | None = None
    max_delay_s: float | None = None

    def excess(self, model: Model) -> dict[str, float]:
        """By which share a model is beyond each limit that it does not meet."""
        found: dict[str, float] = {}
        if self.min_accuracy is not None and model.accuracy < self.min_accuracy:
            found["accuracy"] = 1 - model.accuracy / self.min_accuracy
        if self.max_energy_J is not None and model.energy_J > self.max_energy_J:
            found["energy"] = model.energy_J / self.max_energy_J - 1
        if self.max_delay_s is not None and model.latency_s is not None and model.latency_s > self.max_delay_s:
            found["delay"] = model.latency_s / self.max_delay_s - 1
        return found


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The models of a catalogue, and the one to run.

    Attributes
    ----------
    models : tuple of Model
        In the catalogue's order.
    limits : Limits
    source : str
        What the energy source of models without stated figures is called.

    See Also
    --------
    choose : makes one.
    """

    models: tuple[Model, ...]
    limits: Limits
    source: str

    @property
    def within(self) -> list[Model]:
        """Models that meet all limits."""
        return [model for model in self.models if not self.limits.excess(model)]

    @property
    def best(self) -> Model | None:
        """The one that spends least, of those within all limits; of equals the more accurate, then the faster."""
        return min(
            self.within,
            key=lambda model: (
                model.energy_J,
                -model.accuracy,
                math.inf if model.latency_s is None else model.latency_s,
            ),
            default=None,
        )

    @property
    def nearest(self) -> Model:
        """The model whose worst excess is least."""
        return min(self.models, key=lambda model: max(self.limits.excess(model).values(), default=0.0))

    @property
    def front(self) -> list[Model]:
        """Models that no other beats in accuracy, energy and latency."""
        return [model for model in self.models if not any(other.beats(model) for other in self.models)]

    def rows(self) -> list[dict[str, Any]]:
        """One row a model."""
        best, front = self.best, self.front
        return [
            {
                "model": model.name,
                "accuracy": model.accuracy,
                "metric": model.metric,
                "energy_J": model.energy_J,
                "latency_s": "" if model.latency_s is None else model.latency_s,
                "cut": model.cut or "",
                "pareto": int(model in front),
                "within": int(not self.limits.excess(model)),
                "best": int(model is best),
                "source": model.source,
            }
            for model in self.models
        ]

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame; :class:`ImportError` without the extra ``frame``."""
        return frame(self.rows())

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        best = self.best
        return {
            "version": __version__,
            "source": self.source,
            "min_accuracy": self.limits.min_accuracy,
            "max_energy_J": self.limits.max_energy_J,
            "max_delay_s": self.limits.max_delay_s,
            "best": None if best is None else best.name,
            "models": [
                {name: value if value != "" else None for name, value in row.items()}
                | {name: bool(row[name]) for name in ("pareto", "within", "best")}
                for row in self.rows()
            ],
        }

    def why_none(self) -> str:
        """Why none is within the limits: the nearest miss."""
        nearest = self.nearest
        said = {
            "accuracy": f"accuracy {nearest.accuracy:g} %, below {self.limits.min_accuracy:g} %"
            if self.limits.min_accuracy is not None
            else "",
            "energy": f"{nearest.energy_J * 1e3:.4g} mJ, above {self.limits.max_energy_J * 1e3:g} mJ"
            if self.limits.max_energy_J is not None
            else "",
            "delay": f"{(nearest.latency_s or 0) * 1e3:.4g} ms, above {self.limits.max_delay_s * 1e3:g} ms"
            if self.limits.max_delay_s is not None
            else "",
        }
        return f"no model is within all limits; the nearest is {nearest.name}: " + "; ".join(
            said[name] for name in self.limits.excess(nearest)
        )

    def _repr_html_(self) -> str:
        """The models, as a notebook shows them."""
        return html_table(repr(self), self.rows())

    def __repr__(self) -> str:
        best = self.best
        said = "none is within the limits" if best is None else f"{best.name}, {best.energy_J * 1e3:.4g} mJ"
        return f"<{len(self.models)} models: {said}>"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1)
    network: str | None = None
    accuracy: float = Field(ge=0, le=100)
    metric: str = "top-1"
    source: str = ""
    bits: int | None = None
    hardware: str | None = None
    image: str | None = None
    energy_J: float | None = Field(None, ge=0, lt=1e6)
    latency_s: float | None = Field(None, ge=0, lt=1e6)


class _Catalogue(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    model: list[_Model] = Field(min_length=1)


def choose(
    catalogue: str | Path,
    *,
    min_accuracy: float | None = None,
    max_energy: str | float | None = None,
    max_delay: str | float | None = None,
    bitrate: str | float | None = None,
    tx_power: str | float | None = None,
    source: "str | Path | Mapping[str, float] | ByLayer[Any] | EnergySource" = ANALYTICAL,
    sparsity_in: float | None = None,
    rules: RuleSet | str = RuleSet.CORRECTED,
    seed: int = 0,
    cache: str | Path | None = None,
    watch: Watch | None = None,
) -> Choice:
    """Which model of a catalogue spends least, within limits of accuracy, energy and delay.

    Parameters
    ----------
    catalogue : str or Path
        TOML, with a table ``[[model]]`` for each: ``name``; ``network`` (a name of the zoo, or a file beside it);
        ``accuracy`` in percent, its ``metric`` (default: top-1, one for all models) and ``source``: nothing here
        measures it; ``bits``, ``hardware``; ``image``, as ``"192x192"``: a resolution of a model is a model of its own;
        or, in place of a network, ``energy_J`` and maybe ``latency_s``, as somebody has measured them.
    min_accuracy : float, optional
        In percent.
    max_energy, max_delay : str or float, optional
        ``"50mJ"`` and ``"50ms"``, or joules and seconds.
    bitrate, tx_power : str or float, optional
        To the cloud: each network is then cut where that is best. Default: the phone runs all of it.
    source, sparsity_in, rules, seed, cache, watch
        As for :func:`partition.plan`.

    Raises
    ------
    InputError
        Something that cannot be, in one line: :class:`CatalogueError` for the catalogue.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "models.toml")
    ...     _ = path.write_text('''
    ... [[model]]
    ... name = "large"
    ... network = "alexnet"
    ... accuracy = 56.5
    ... [[model]]
    ... name = "small"
    ... accuracy = 50.0
    ... energy_J = 1e-3
    ... ''')
    ...     choose(path), choose(path, min_accuracy=55).best.name
    (<2 models: small, 1 mJ>, 'large')
    """
    written = as_model(
        read_toml(catalogue, CatalogueError, "a catalogue of models"), _Catalogue, catalogue, CatalogueError
    )
    names = [each.name for each in written.model]
    for name in names:
        if names.count(name) > 1:
            raise CatalogueError(f"{catalogue}: two models are called {name}; expected a name for each")
    metrics = list(dict.fromkeys(each.metric for each in written.model))
    if len(metrics) > 1:
        raise CatalogueError(f"{catalogue}: metric is {' and '.join(metrics)}; expected one for all models")
    if tx_power is not None and bitrate is None:
        raise InputError("--tx-power is given without --bitrate; expected both, or neither")
    if bitrate is not None:
        radio_of(bitrate, tx_power)  # what is wrong with it is wrong with no model
    if min_accuracy is not None and (not is_number(min_accuracy) or not 0 <= min_accuracy <= 100):
        raise InputError(f"min_accuracy is {min_accuracy!r}; expected percent, from 0 to 100")
    limits = Limits(
        min_accuracy=min_accuracy,
        max_energy_J=None if max_energy is None else quantity(max_energy, "J"),
        max_delay_s=None if max_delay is None else quantity(max_delay, "s"),
    )
    known = choose_source(source, cache=cache, seed=seed, watch=watch, rules=rules)
    models = []
    for each in written.model:
        try:
            models.append(_priced(each, catalogue, known, limits, bitrate, tx_power, sparsity_in))
        except CatalogueError:
            raise
        except InputError as error:
            raise CatalogueError(f"{catalogue}: model {each.name}: {error}") from error
    return Choice(models=tuple(models), limits=limits, source=known.name)


def _priced(
    each: _Model,
    catalogue: str | Path,
    source: EnergySource,
    limits: Limits,
    bitrate: str | float | None,
    tx_power: str | float | None,
    sparsity_in: float | None,
) -> Model:
    said: dict[str, Any] = {
        "name": each.name, "accuracy": each.accuracy, "metric": each.metric, "source": each.source,
    }  # fmt: skip
    where = f"{catalogue}: model {each.name}"
    if each.energy_J is not None:
        if each.network is not None:
            raise CatalogueError(f"{where}: network and energy_J are both given; expected one of them")
        if each.latency_s is None and limits.max_delay_s is not None:
            raise CatalogueError(f"{where}: latency_s is missing; expected one, since a longest delay is given")
        return Model(energy_J=each.energy_J, latency_s=each.latency_s, **said)
    if each.network is None:
        raise CatalogueError(f"{where}: network is missing; expected one, or energy_J")
    network = load_network(each.network if each.network in ZOO else Path(catalogue).parent / each.network)
    if each.image is not None:
        network = with_image(network, each.image)
    chip = choose_hardware(hardware_beside(catalogue, each.hardware), each.bits, default_bits=word_bits(network, 8))
    if bitrate is not None:
        planned = plan(
            network,
            bitrate=bitrate,
            tx_power=tx_power,
            hardware=chip,
            source=source,
            sparsity_in=sparsity_in,
            max_delay=limits.max_delay_s,
        )
        # where no cut is in time, the fastest says by how much
        cut = planned.optimum or min(planned.cuts, key=lambda cut: cut.delay_s(planned.channel))
        channel = planned.channel
        return Model(energy_J=cut.total_energy_J(channel), latency_s=cut.delay_s(channel), cut=cut.name, **said)
    costs = source.costs(network, chip)
    nodes = [name for name in graph_of(network).nodes if name in costs.energy_J]
    return Model(
        energy_J=sum(costs.energy_J[name] for name in nodes),
        latency_s=sum(costs.latency_s.get(name, 0.0) for name in nodes),
        **said,
    )
