"""Energy sources: the closed forms, the machine, and files."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partition.source import EnergySource
from partition.sources.analytical import Analytical
from partition.sources.measured import Measured

if TYPE_CHECKING:
    from simulator.session import Settings

ANALYTICAL, SIMULATED = "analytical", "simulated"


def choose_source(
    said: str, cache: Path | None, seed: int, progress: "Callable[[Settings], Any] | None"
) -> EnergySource:
    """The source of that name, or the file."""
    match said:
        case "analytical":
            return Analytical()
        case "simulated":
            from partition.sources.simulated import Simulated  # the machine takes its time to import

            return Simulated(cache or default_cache(), seed, progress)
        case _:
            return Measured(said)


def default_cache() -> Path:
    """Where runs are kept unless told otherwise."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        folder = Path(tempfile.gettempdir())  # who has no home
    return folder / "eyeriss-neupart"
