"""A network: layers in the order in which they run, and what each of them reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analytical.errors import InputError
from analytical.layer import Layer
from analytical.sheet import list_names


class NetworkError(InputError):
    """A network that cannot be read; the message names the file, the row or field and what was expected."""


@dataclass(frozen=True, slots=True)
class Edges:
    """What a layer reads: the ofmaps of ``inputs``, one after the other, through ``pools``; where nothing is said, what
    the layer before it made.

    Attributes
    ----------
    inputs : tuple of str
        Names of earlier layers, whose channels are concatenated in this order.
    pools : tuple of str
        Names of the pools between, in the order in which data pass them; layers that name the same pool share it.
    """

    inputs: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """Layers in the order in which they run; the first one's ifmap is the image.

    Attributes
    ----------
    name : str
        What reports call it.
    layers : tuple of Layer
        At least one, each with a name of its own.
    edges : mapping of str to Edges
        What each layer reads, by its name; a layer without any reads the one before it.
    image : (int, int, int) or None
        Channels, height and width of the image, where the network takes another than its first layer's unpadded ifmap.

    Raises
    ------
    NetworkError
        No layers, or two with the same name.

    Examples
    --------
    >>> one, two = (Layer.fc(name, inputs=8, outputs=8) for name in ("one", "two"))
    >>> Network("small", (one, two)).layer("two").F
    8
    """

    name: str
    layers: tuple[Layer, ...]
    edges: Mapping[str, Edges] = field(default_factory=dict)
    image: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        names = self.names
        if not names:
            raise NetworkError(f"network {self.name}: no layers; expected at least one")
        for name in names:
            if names.count(name) > 1:
                raise NetworkError(f"network {self.name}: layer {name} stands twice; expected a name of its own")

    @property
    def names(self) -> list[str]:
        """Names of the layers, in order."""
        return [layer.name for layer in self.layers]

    def layer(self, name: str) -> Layer:
        """The layer of that name.

        Raises
        ------
        NetworkError
            The network has none.
        """
        return self.subset([name])[0]

    def subset(self, names: Sequence[str]) -> tuple[Layer, ...]:
        """The named layers, in the network's order.

        Parameters
        ----------
        names : sequence of str
            In any order; a name given twice counts once.

        Raises
        ------
        NetworkError
            A name that the network does not have.

        Examples
        --------
        >>> from analytical.networks import load_network
        >>> [layer.name for layer in load_network("alexnet").subset(["C3", "C1"])]
        ['C1', 'C3']
        """
        known = self.names
        for name in names:
            if name not in known:
                raise NetworkError(f"network {self.name} has no layer {name!r}; expected some of {list_names(known)}")
        return tuple(layer for layer in self.layers if layer.name in names)
