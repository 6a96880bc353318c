"""A cycle-level simulator of an Eyeriss-style PE array: networks and layers through a machine, with real values.

>>> import simulator
>>> result = simulator.run("alexnet", layers=["FC8"], batch=1)
>>> result["FC8"].run.active_pes
12
"""

from typing import TYPE_CHECKING

from analytical.lazy import lazy_names

_HOMES = {
    "Comparison": "simulator.comparison.compare",
    "LayerResult": "simulator.result",
    "NetworkResult": "simulator.result",
    "RunFile": "simulator.comparison.run_file",
    "Settings": "simulator.settings",
    "Validation": "simulator.silicon.validation",
    "WatchedPass": "simulator.watching",
    "compare": "simulator.comparison.compare",
    "fronts": "simulator.sweeps.fronts",
    "read_run": "simulator.comparison.run_file",
    "read_sweep": "simulator.sweeps.file",
    "read_sweep_csv": "simulator.sweeps.table",
    "run": "simulator.runner",
    "run_layer": "simulator.runner",
    "run_network": "simulator.runner",
    "show": "simulator.tables.show",
    "sweep": "simulator.sweeps.sweep",
    "validate": "simulator.silicon.validation",
    "watch": "simulator.watching",
}
"""Public names, and the modules that have them, imported when a name is first used."""

__all__ = [*_HOMES]

if TYPE_CHECKING:
    from simulator.comparison.compare import Comparison as Comparison
    from simulator.comparison.compare import compare as compare
    from simulator.comparison.run_file import RunFile as RunFile
    from simulator.comparison.run_file import read_run as read_run
    from simulator.result import LayerResult as LayerResult
    from simulator.result import NetworkResult as NetworkResult
    from simulator.runner import run as run
    from simulator.runner import run_layer as run_layer
    from simulator.runner import run_network as run_network
    from simulator.settings import Settings as Settings
    from simulator.silicon.validation import Validation as Validation
    from simulator.silicon.validation import validate as validate
    from simulator.sweeps.file import read_sweep as read_sweep
    from simulator.sweeps.fronts import fronts as fronts
    from simulator.sweeps.sweep import sweep as sweep
    from simulator.sweeps.table import read_sweep_csv as read_sweep_csv
    from simulator.tables.show import show as show
    from simulator.watching import WatchedPass as WatchedPass
    from simulator.watching import watch as watch

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
