"""CNNergy: the paper's notation and its closed-form energy model of a row-stationary accelerator.

>>> import analytical
>>> analytical.estimate("alexnet")
<alexnet on eyeriss-16bit: 10.91 mJ, 31.36 ms an image by closed forms>
"""

from typing import TYPE_CHECKING

from analytical.lazy import lazy_names

__version__ = "0.2.0"

_HOMES = {
    "CHIPS": "analytical.hardware",
    "Energy": "analytical.energy",
    "EyerissMapping": "analytical.mappings.eyeriss",
    "Hardware": "analytical.hardware",
    "InputError": "analytical.errors",
    "Layer": "analytical.layer",
    "LayerEstimate": "analytical.model",
    "Network": "analytical.network",
    "NetworkEstimate": "analytical.model",
    "ZOO": "analytical.networks",
    "choose_hardware": "analytical.files",
    "decompose": "analytical.compression.transforms",
    "estimate": "analytical.model",
    "find_mapping": "analytical.mappings.search",
    "load_network": "analytical.networks",
    "map_layer": "analytical.mappings.rules",
    "prune": "analytical.compression.transforms",
    "quantise": "analytical.compression.transforms",
    "shares_kept": "analytical.compression.shares",
    "sweep": "analytical.sweeps.sweep",
}
"""Public names, and the modules that have them, imported when a name is first used."""

__all__ = [*_HOMES]

if TYPE_CHECKING:
    from analytical.compression.shares import shares_kept as shares_kept
    from analytical.compression.transforms import decompose as decompose
    from analytical.compression.transforms import prune as prune
    from analytical.compression.transforms import quantise as quantise
    from analytical.energy import Energy as Energy
    from analytical.errors import InputError as InputError
    from analytical.files import choose_hardware as choose_hardware
    from analytical.hardware import CHIPS as CHIPS
    from analytical.hardware import Hardware as Hardware
    from analytical.layer import Layer as Layer
    from analytical.mappings.eyeriss import EyerissMapping as EyerissMapping
    from analytical.mappings.rules import map_layer as map_layer
    from analytical.mappings.search import find_mapping as find_mapping
    from analytical.model import LayerEstimate as LayerEstimate
    from analytical.model import NetworkEstimate as NetworkEstimate
    from analytical.model import estimate as estimate
    from analytical.network import Network as Network
    from analytical.networks import ZOO as ZOO
    from analytical.networks import load_network as load_network
    from analytical.sweeps.sweep import sweep as sweep

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
