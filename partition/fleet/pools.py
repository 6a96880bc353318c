"""Windows of pools that a table does not state: the zoo's, as published, and otherwise what sizes say."""

from analytical.network import Network
from analytical.networks import ZOO
from partition.fleet.tensors import Window

_ZOO = {"alexnet": (3, 2), "vgg16": (2, 2), "squeezenet1_1": (3, 2), "googlenet": (3, 2)}
"""Window and stride of the pools that shrink: the networks' papers, and torchvision's models."""


def window_of(network: Network, height: int, made: int) -> Window:
    """The window along the height of a pool that makes so many rows of so many.

    Parameters
    ----------
    network : Network
        One of the zoo has its published windows.
    height, made : int

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> window_of(load_network("vgg16"), 224, 112), window_of(load_network("googlenet"), 28, 28)
    (Window(size=2, stride=2, pad=0), Window(size=3, stride=1, pad=1))
    """
    if made == 1:
        return Window(height, 1, 0)
    if made == height:
        return Window(3, 1, 1)
    if network.name in ZOO:
        return Window(*_ZOO[network.name], 0)
    stride = max(1, round(height / made))
    return Window(max(stride, height - (made - 1) * stride), stride, 0)
