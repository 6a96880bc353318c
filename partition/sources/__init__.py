"""Energy sources: the closed forms, the machine, files, and a person's own figures.

Adding one is a module with a class that has ``name`` and ``costs`` (:class:`partition.sources.base.EnergySource`), and
a line in :data:`SOURCES`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytical.mappings.cnnergy import RuleSet
from analytical.mappings.rules import rule_set_named
from analytical.results import ByLayer
from partition.sources.analytical import Analytical
from partition.sources.base import EnergySource, SourceError
from partition.sources.file import ENDINGS, File
from partition.sources.own import OfResult, Own
from simulator.cache import default_folder

if TYPE_CHECKING:
    from simulator.settings import Settings

__all__ = [
    "ANALYTICAL",
    "EXPECTED",
    "SIMULATED",
    "SOURCES",
    "EnergySource",
    "SourceError",
    "choose_source",
    "source_beside",
]

Watch = Callable[["Settings"], Any]
"""Makes a context for a run of the machine that says whom to tell of its progress."""


def _analytical(cache: Path | None, seed: int, watch: Watch | None, rules: RuleSet | str) -> EnergySource:
    del cache, seed, watch
    return Analytical(rules)


def _simulated(cache: Path | None, seed: int, watch: Watch | None, rules: RuleSet | str) -> EnergySource:
    from partition.sources.simulated import Simulated  # the machine takes its time to import

    return Simulated(cache or default_folder(), seed, watch, rules)


SOURCES: dict[str, Callable[[Path | None, int, Watch | None, RuleSet | str], EnergySource]] = {
    "analytical": _analytical,
    "simulated": _simulated,
}
"""Sources by name; the first is the default."""

ANALYTICAL, SIMULATED = SOURCES

EXPECTED = f"{', '.join(SOURCES)}, or an existing {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]} file"
"""What may name a source."""


def choose_source(
    said: "str | Path | Mapping[str, float] | ByLayer[Any] | EnergySource",
    *,
    cache: str | Path | None = None,
    seed: int = 0,
    watch: Watch | None = None,
    rules: RuleSet | str = RuleSet.CORRECTED,
) -> EnergySource:
    """The source that was asked for.

    Parameters
    ----------
    said : str, Path, mapping of str to float, result, or EnergySource
        One of :data:`SOURCES`; a file; joules of each layer by its name; what :func:`simulator.run` or
        :func:`analytical.estimate` gave for the network; or a source of your own.
    cache : str or Path, optional
        Folder that keeps the machine's runs; default: ``eyeriss-neupart`` in the user's cache folder.
    seed : int
        Of the machine's synthetic values.
    watch : callable, optional
        Makes a context for a run that says whom to tell of its progress.
    rules : RuleSet or str
        Whose rules CNNergy's mapping goes by, in closed forms and machine.

    Raises
    ------
    SourceError
        It is none of these. Whether a source has costs for a network shows only when it is asked for them.

    Examples
    --------
    >>> choose_source({"C1": 0.001}).name
    'own'
    """
    rules = rule_set_named(rules)
    if isinstance(said, Mapping):
        return Own(said)
    if isinstance(said, ByLayer):
        return OfResult(said)
    if not isinstance(said, str | Path):
        # a protocol asks for no base class, but for what it names
        if not isinstance(said, EnergySource):
            raise SourceError(f"source is {said!r}; expected {EXPECTED}, joules by layer, or a result")
        return said
    if str(said) in SOURCES:
        return SOURCES[str(said)](None if cache is None else Path(cache), seed, watch, rules)
    # a name of a source comes before a file that is called the same
    require_known(said)
    return File(str(said))


def source_beside(file: str | Path, said: str) -> str:
    """What a file calls a source, for :func:`choose_source`: files are looked for in its folder.

    Examples
    --------
    >>> source_beside("chips/fleet.toml", "simulated"), source_beside("chips/fleet.toml", "measured.csv")
    ('simulated', 'chips/measured.csv')
    """
    return said if said in SOURCES else str(Path(file).parent / said)


def require_known(said: str | Path) -> None:
    """Find out early that a name is none of a source.

    Raises
    ------
    SourceError
        It is neither one of :data:`SOURCES` nor a file of the right kind.
    """
    if str(said) not in SOURCES and (Path(said).suffix.lower() not in ENDINGS or not Path(said).exists()):
        raise SourceError(f"source {said}: expected {EXPECTED}")
