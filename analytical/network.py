"""A network: layers in the order in which they run, and what each of them reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from analytical.errors import InputError
from analytical.layer import OPERATIONS, Layer
from analytical.sheet import list_names


class NetworkError(InputError):
    """A network that cannot be read; the message names the file, the row or field and what was expected."""


IMAGE = "In"
"""What a layer names that reads the image, and what a cut is called that sends it."""


class Recorded(Protocol):
    """Values of a network's layers that a run of it elsewhere has left (:class:`traces.trace.Trace`)."""

    @property
    def bits(self) -> int:
        """Bits of a value."""

    @property
    def images(self) -> int:
        """Images whose values there are."""

    @property
    def digest(self) -> str:
        """Tells these values from all others."""

    def tensors(self, layer: Layer, images: int) -> Any:
        """What a run of a layer works on: its first images."""

    def record(self) -> dict[str, Any]:
        """Where they came from, as files of runs keep it."""


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
    """Layers in the order in which they run, and the operations between them; the first layer's ifmap is the image.

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
    operations : tuple of Layer
        Pools, sums and others that have no MACs, each with its inputs in ``edges``, in the order in which they run.
    heads : tuple of str
        Layers and operations that make a result, where there are others than the last.
    trace : Recorded or None
        Values of its layers, where it has some; None: they are made as they are needed.

    Raises
    ------
    NetworkError
        No layers, two rows with the same name, or an operation among the layers.

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
    operations: tuple[Layer, ...] = ()
    heads: tuple[str, ...] = ()
    trace: Recorded | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.layers:
            raise NetworkError(f"network {self.name}: no layers; expected at least one")
        names = [row.name for row in (*self.layers, *self.operations)]
        for name in names:
            if names.count(name) > 1:
                raise NetworkError(f"network {self.name}: layer {name} stands twice; expected a name of its own")
        for row in self.layers:
            if row.kind in OPERATIONS:
                raise NetworkError(f"network {self.name}: {row.name} is of kind {row.kind}; expected conv or fc layers")
        for row in self.operations:
            inputs = self.edges.get(row.name, Edges()).inputs
            if row.kind not in OPERATIONS or not inputs or not {*inputs} <= {IMAGE, *names}:
                read = list_names(inputs) or "nothing"
                raise NetworkError(
                    f"network {self.name}: {row.name} is of kind {row.kind} and reads {read}; "
                    f"expected one of {', '.join(OPERATIONS)}, with layers, operations or {IMAGE} as inputs"
                )
        for name in self.heads:
            if name not in names:
                raise NetworkError(
                    f"network {self.name}: head {name!r} is no layer; expected some of {list_names(names)}"
                )

    def rows(self) -> Iterator[Layer]:
        """Layers and operations, each after what it reads: an operation as soon as its inputs and those before it are
        there.

        Raises
        ------
        NetworkError
            An operation reads what comes after it.

        Examples
        --------
        >>> a, b = (Layer.conv(name, channels=4, size=8, filters=4, filter=1) for name in "ab")
        >>> add = Layer.operation("sum", "add", reads=(4, 8, 8), makes=(4, 8, 8))
        >>> network = Network("n", (a, b), {"sum": Edges(inputs=("a", "b"))}, operations=(add,))
        >>> [row.name for row in network.rows()]
        ['a', 'b', 'sum']
        """
        there, waiting = {IMAGE}, list(self.operations)
        for layer in (None, *self.layers):
            if layer is not None:
                there.add(layer.name)
                yield layer
            while waiting and there.issuperset(self.edges[waiting[0].name].inputs):
                there.add(waiting[0].name)
                yield waiting.pop(0)
        if waiting:
            raise NetworkError(
                f"network {self.name}: operation {waiting[0].name} reads what comes after it; expected what comes first"
            )

    @property
    def names(self) -> list[str]:
        """Names of the layers, in order."""
        return [layer.name for layer in self.layers]

    def with_batch(self, batch: int) -> "Network":
        """The network, with so many images that each layer runs at once.

        Parameters
        ----------
        batch : int

        Examples
        --------
        >>> Network("one", (Layer.fc("one", inputs=8, outputs=8),)).with_batch(4).layer("one").batch
        4
        """
        return replace(self, layers=tuple(replace(layer, batch=batch) for layer in self.layers))

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


def word_bits(network: Network, otherwise: int) -> int:
    """Bits of a value of a network's trace, or another number where it has none.

    Examples
    --------
    >>> word_bits(Network("one", (Layer.fc("FC", inputs=8, outputs=2),)), 16)
    16
    """
    return otherwise if network.trace is None else network.trace.bits
