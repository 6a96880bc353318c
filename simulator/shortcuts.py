"""What sums of a network read again: tensors that a shortcut kept, while the layers inside its block ran.

The last part of a sum is the ofmap that the array has just made. The others have gone to DRAM, and come back over the
link as they went: coded, tile by tile. That takes words, which are counted here by the sum, since no layer has them;
the machine runs layers one by one, and gives them no cycles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from analytical import counts as c
from analytical.counts import Counts
from analytical.energy import Accounting, Energy, price
from analytical.hardware import Hardware
from analytical.network import Edges, Network
from simulator.machine.filter_code import raw_words
from simulator.machine.layer_run import LayerRun
from traces import rlc
from traces.tensors import LayerTensors


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortcutRead:
    """One tensor that a sum reads again.

    Attributes
    ----------
    operation : str
        The sum.
    reads : str
        The layer or operation whose tensor it is.
    link_bits : float
        Bits on the link, for one image.
    coded : bool
        Its values are known, and it moves in code; else raw.
    """

    operation: str
    reads: str
    link_bits: float
    coded: bool

    def counts(self, hardware: Hardware) -> Counts:
        """Words of one image that come back from DRAM."""
        return Counts(events={c.DRAM_IFMAP_READ: Fraction(self.link_bits) / hardware.b_w})

    def energy(self, hardware: Hardware) -> Energy:
        """Joules of one image, if it is charged."""
        return price(self.counts(hardware), hardware, latency_s=0.0, accounting=Accounting.FULL)


class ShortcutReads:
    """Shown each layer with its values while they are there; knows then what sums read again.

    Parameters
    ----------
    network : Network
        Whose layers run, in order.
    hardware : Hardware
        What they run on.
    """

    def __init__(self, network: Network, hardware: Hardware) -> None:
        self._network = network
        self._hardware = hardware
        order = {row.name: number for number, row in enumerate(network.rows())}
        self._rows = {row.name: row for row in network.rows()}
        self._wanted: dict[str, list[str]] = {}
        for row in network.operations:
            inputs = network.edges.get(row.name, Edges()).inputs
            if row.kind == "add" and len(inputs) > 1:
                # the image, too, may be a part; what is made last has not left yet
                last = max(inputs, key=lambda name: order.get(name, -1))
                self._wanted[row.name] = [name for name in inputs if name != last]
        self._bits: dict[str, float] = {}

    def __call__(self, run: LayerRun, tensors: LayerTensors) -> None:
        """Look at a layer that has run."""
        wanted = {name for names in self._wanted.values() for name in names}
        b_w, images = self._hardware.b_w, run.images
        if run.layer.name in wanted:
            # it comes back as it went
            self._bits[run.layer.name] = float(run.counts[c.DRAM_OFMAP_WRITE] * b_w / images)
        inputs = self._network.edges.get(run.layer.name, Edges()).inputs
        for name in wanted.intersection(inputs) - self._bits.keys():
            # what an operation makes is known by the first layer that reads nothing else
            row = self._rows.get(name)
            height, width = run.layer.unpadded
            if row is not None and inputs == (name,) and (run.layer.channels, height, width) == (row.F, row.E, row.G):
                top, left = int(run.layer.pad_h), int(run.layer.pad_w)
                values = tensors.ifmap[:, :, top : top + height, left : left + width]
                raw = raw_words(values[0].size, b_w)
                most = raw if self._hardware.tiles_move_raw_where_shorter else None
                if not self._hardware.fmaps_move_raw:
                    self._bits[name] = rlc.words_of_tiles(values, b_w, most) * rlc.WORD_BITS / images

    def found(self, ran: Mapping[str, object]) -> tuple[ShortcutRead, ...]:
        """What sums read again, of those whose layers ran."""
        reads = []
        for operation, names in self._wanted.items():
            inputs = self._network.edges[operation].inputs
            layers = [name for name in inputs if name in self._network.names]
            if not all(name in ran for name in layers):
                continue
            for name in names:
                row = self._rows.get(name)
                size = self._image_size() if row is None else row.F * row.E * row.G
                coded = name in self._bits
                bits = self._bits[name] if coded else float(size * self._hardware.b_w)
                reads.append(ShortcutRead(operation=operation, reads=name, link_bits=bits, coded=coded))
        return tuple(reads)

    def _image_size(self) -> int:
        first = self._network.layers[0]
        channels, height, width = self._network.image or (first.channels, *first.unpadded)
        return channels * height * width
