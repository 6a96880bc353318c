"""CNNergy whole: a layer and a hardware in, the row that the authors' program prints out."""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, overload

from analytical import closed_forms
from analytical import counts as c
from analytical.checks import is_whole
from analytical.columns import Column, Per, row_of
from analytical.counts import Counts, Event, Number
from analytical.energy import Energy, price
from analytical.files import choose_hardware
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import CnnergyMapping, RuleSet
from analytical.mappings.rules import images_together, map_layer
from analytical.mappings.tiling import MappingError
from analytical.network import Network, word_bits
from analytical.networks import load_network
from analytical.results import ByLayer

MIB = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerEstimate:
    """What CNNergy says of one layer.

    Attributes
    ----------
    layer : Layer
    hardware : Hardware
    mapping : CnnergyMapping
        How the layer is laid on the hardware.
    images : int
        Images that share the layer's filters.
    counts : Counts
        MACs and b_w-bit words of one image.
    energy : Energy
        Joules of one image.
    """

    layer: Layer
    hardware: Hardware
    mapping: CnnergyMapping
    images: int
    counts: Counts
    energy: Energy

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    @property
    def energy_J(self) -> float:
        """Joules of one image."""
        return self.energy.total

    @property
    def latency_s(self) -> float:
        """Seconds of one image, at the constant throughput of section V."""
        return closed_forms.latency_s(self.layer, self.hardware)

    @property
    def ifmap_glb_kib(self) -> float:
        """GLB that ifmaps use, in KiB."""
        return self.images * self.mapping.ifmap_kib

    @property
    def psum_glb_kib(self) -> float:
        """GLB that psums use, in KiB: all that the ifmap leaves where they only pass through."""
        if self.mapping.all_channels_in_one_pass:
            return self.hardware.glb_kib - self.ifmap_glb_kib
        return self.images * self.mapping.psum_kib

    def in_mib(self, words: Number) -> float:
        """Words in MiB (2^20 bytes)."""
        return float(words) * (self.hardware.b_w / 8 / MIB)

    def mib(self, *events: Event) -> float:
        """Words of some kinds of events, in MiB, for one image."""
        return self.in_mib(self.counts.total(*events))

    def row(self) -> dict[str, str | int | float]:
        """The row of CNNergy's output, by column (:data:`COLUMNS`)."""
        return row_of(COLUMNS, self)

    def record(self) -> dict[str, Any]:
        """The row, and what does not fit one (:data:`FIELDS`), as JSON has it."""
        return row_of((*COLUMNS, *FIELDS), self)

    def __repr__(self) -> str:
        return f"<{self.layer.name} on {self.hardware.name}: {self.energy_J * 1e3:.4g} mJ an image by closed forms>"


# the rules have a field of their own, by name
def _mapping(estimate: LayerEstimate) -> dict[str, Any]:
    own_field = ("rules", "rule_set", "corrections")
    return {name: value for name, value in asdict(estimate.mapping).items() if name not in own_field}


_of_image = partial(Column, per=Per.IMAGE)
_mib = partial(Column, unit="MiB", per=Per.IMAGE)
_PSUMS = (c.GLB_PSUM_READ, c.GLB_PSUM_WRITE)
_DRAM = (c.DRAM_FILTER_READ, c.DRAM_IFMAP_READ, c.DRAM_OFMAP_WRITE)

COLUMNS: tuple[Column, ...] = (
    Column(name="layer", meaning="name of the layer", of=lambda e: e.layer.name),
    _of_image(name="energy_J", unit="J", meaning="energy", of=lambda e: e.energy.total),
    _of_image(
        name="energy_without_control_J",
        unit="J",
        meaning="of it, without clock and other control",
        of=lambda e: e.energy.without_control,
    ),
    Column(name="images_that_fit", meaning="images that fit the GLB together (N)", of=lambda e: e.mapping.N),
    Column(name="images", meaning="images that share the filters", of=lambda e: e.images),
    Column(name="psum_glb_kib", unit="KiB", meaning="GLB that psums use", of=lambda e: e.psum_glb_kib),
    Column(name="ifmap_glb_kib", unit="KiB", meaning="GLB that ifmaps use", of=lambda e: e.ifmap_glb_kib),
    Column(
        name="glb_used_kib",
        unit="KiB",
        meaning="GLB that both use",
        of=lambda e: e.psum_glb_kib + e.ifmap_glb_kib,
    ),
    _of_image(
        name="nonzero_macs",
        unit="MACs",
        meaning="multiply-accumulates whose pixel is not zero",
        of=lambda e: float(e.counts.nonzero_macs),
    ),
    _mib(
        name="rf_mib",
        meaning="register files: MACs + 3 x nonzero MACs words",
        of=lambda e: e.in_mib(e.counts.macs + 3 * e.counts.nonzero_macs),
    ),
    _mib(
        name="glb_mib",
        meaning="GLB, reads and writes",
        of=lambda e: e.in_mib(e.counts.total(c.GLB_FILTER_READ, c.GLB_IFMAP_READ) + e.counts.total(*_PSUMS)),
    ),
    _mib(name="dram_mib", meaning="DRAM, reads and writes", of=lambda e: e.mib(*_DRAM)),
    _mib(name="filter_glb_mib", meaning="GLB, filters", of=lambda e: e.mib(c.GLB_FILTER_READ)),
    _mib(name="ifmap_glb_mib", meaning="GLB, ifmaps", of=lambda e: e.mib(c.GLB_IFMAP_READ)),
    _mib(name="psum_glb_mib", meaning="GLB, psums", of=lambda e: e.mib(*_PSUMS)),
    _mib(name="filter_dram_mib", meaning="DRAM, filters", of=lambda e: e.mib(c.DRAM_FILTER_READ)),
    _mib(name="ifmap_dram_mib", meaning="DRAM, ifmaps", of=lambda e: e.mib(c.DRAM_IFMAP_READ)),
    _mib(name="ofmap_dram_mib", meaning="DRAM, ofmaps", of=lambda e: e.mib(c.DRAM_OFMAP_WRITE)),
)
"""The columns of CNNergy's output, in its order."""

FIELDS: tuple[Column, ...] = (
    _of_image(
        name="energy_J_by",
        unit="J",
        meaning="energy by part: `mac`, `rf`, `inter_pe`, `glb`, `dram`, `clock`, `other_control`",
        of=lambda e: e.energy.parts(),
    ),
    _of_image(name="latency_s", unit="s", meaning="latency at the constant throughput", of=lambda e: e.latency_s),
    Column(name="mapping", meaning="the mapping's numbers, in the paper's symbols", of=_mapping),
    Column(
        name="rules",
        meaning="exception rules of the mapping that fired",
        of=lambda e: e.mapping.record()["rules"],
    ),
    Column(
        name="corrections",
        meaning="where the corrected rules depart from the published ones",
        of=lambda e: e.mapping.record()["corrections"],
    ),
)
"""What JSON has beside the columns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkEstimate(ByLayer[LayerEstimate]):
    """What CNNergy says of a network: an estimate for each layer, and their sums for one image.

    Attributes
    ----------
    network : Network
    hardware : Hardware
    layers : tuple of LayerEstimate
        In the network's order; indexing takes a layer's name.

    Examples
    --------
    >>> result = estimate("alexnet")
    >>> result
    <alexnet on eyeriss-16bit: 10.91 mJ, 31.36 ms an image by closed forms>
    >>> result["C3"].images
    6
    """

    network: Network
    hardware: Hardware
    layers: tuple[LayerEstimate, ...]

    @property
    def energy(self) -> Energy:
        """Joules of one image through all layers, by part."""
        return sum((layer.energy for layer in self.layers), Energy.zero())

    @property
    def energy_J(self) -> float:
        """Joules of one image through all layers."""
        return self.energy.total

    @property
    def latency_s(self) -> float:
        """Seconds of one image through all layers, at the constant throughput of section V."""
        return sum(layer.latency_s for layer in self.layers)

    def __repr__(self) -> str:
        return (
            f"<{self.network.name} on {self.hardware.name}: {self.energy_J * 1e3:.4g} mJ, "
            f"{self.latency_s * 1e3:.4g} ms an image by closed forms>"
        )


def estimate_layer(
    layer: Layer, hardware: Hardware, batch: int | None = None, rules: RuleSet | str = RuleSet.CORRECTED
) -> LayerEstimate:
    """Energy and accesses of one image when ``batch`` images (the layer's own by default) share its filters.

    No more share them than fit the GLB (:func:`analytical.mappings.rules.images_together`); by the published rules, the
    layer's own batch is taken as it stands, as CNNergy's program does.

    Parameters
    ----------
    layer : Layer
    hardware : Hardware
    batch : int, optional
        Images of a run, at least 1; default: the layer's own batch.
    rules : RuleSet or str
        As for :func:`estimate`.

    Raises
    ------
    MappingError
        The layer does not fit the hardware, or the batch is no whole number of images.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> c3 = load_network("alexnet").layer("C3")
    >>> [round(estimate_layer(c3, EYERISS_16BIT, batch).mib(c.DRAM_FILTER_READ), 3) for batch in (1, 2)]
    [1.688, 0.844]
    """
    if batch is not None and not (is_whole(batch) and batch >= 1):
        raise MappingError(f"layer {layer.name}: batch is {batch!r}; expected a whole number of images, at least 1")
    mapping = map_layer(layer, hardware, rules)
    images = min(int(batch or layer.batch), images_together(layer, hardware, mapping))
    # the equations are of all images together, the published figures of one
    counts = closed_forms.count(layer, hardware, mapping, images) * (1 / images)
    return LayerEstimate(
        layer=layer,
        hardware=hardware,
        mapping=mapping,
        images=images,
        counts=counts,
        energy=price(counts, hardware, latency_s=closed_forms.latency_s(layer, hardware)),
    )


@overload
def estimate(
    what: Layer, hardware: Hardware | str | Path | None = None, *, rules: RuleSet | str = ...
) -> LayerEstimate: ...
@overload
def estimate(
    what: Network | str | Path, hardware: Hardware | str | Path | None = None, *, rules: RuleSet | str = ...
) -> NetworkEstimate: ...
def estimate(
    what: Layer | Network | str | Path,
    hardware: Hardware | str | Path | None = None,
    *,
    rules: RuleSet | str = RuleSet.CORRECTED,
) -> LayerEstimate | NetworkEstimate:
    """What a layer or a network costs, by CNNergy's closed forms: no simulation, milliseconds.

    Parameters
    ----------
    what : Layer, Network, str or Path
        A layer; or a network, a name of the zoo, or a file of a network.
    hardware : Hardware, str or Path, optional
        A hardware, the name of one that ships, or a file; default: Eyeriss at 16 bit.
    rules : RuleSet or str
        ``"corrected"``: CNNergy's mapping, with named corrections where its rules give what cannot be, or what costs
        needlessly much; ``"published"``: that of the authors' program, to the last digit. They are one on the paper's
        four networks.

    Returns
    -------
    LayerEstimate or NetworkEstimate
        Joules, seconds and accesses of one image.

    Raises
    ------
    NetworkError, HardwareError, MappingError
        No such network or hardware, or a layer that does not fit it.

    Examples
    --------
    >>> layer = Layer.conv("L", channels=3, size=224, filters=64, filter=3, padding=1)
    >>> estimate(layer, "eyeriss-8bit")
    <L on eyeriss-8bit: 1.799 mJ an image by closed forms>
    """
    if isinstance(what, Layer):
        return estimate_layer(what, choose_hardware(hardware), rules=rules)
    network = load_network(what)
    chip = choose_hardware(hardware, default_bits=word_bits(network, 16))
    return NetworkEstimate(
        network=network,
        hardware=chip,
        layers=tuple(estimate_layer(layer, chip, rules=rules) for layer in network.layers),
    )
