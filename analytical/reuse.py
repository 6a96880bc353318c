"""Data reuse by level of memory, from events (Y.-H. Chen et al., ISCA 2016, eq 3)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from analytical import counts as c
from analytical.counts import Counts, Event, Number
from analytical.layer import Layer


@dataclass(frozen=True, kw_only=True, slots=True)
class Reuse:
    """How often a value is used once it has come to a level.

    Attributes
    ----------
    unique : int
        Values that there are.
    a : float or None
        Values that come over the DRAM link, for each of them.
    b : float or None
        Reads of the GLB, for each value that has been filled into it.
    c : float or None
        Fills of RFs, for each read of the GLB.
    d : float or None
        Reads of RFs, for each fill. The product of all four is the reads of RFs for each value; None: nothing came.

    Examples
    --------
    >>> Reuse(unique=10, a=2.0, b=1.0, c=3.0, d=4.0).product
    24.0
    """

    unique: int
    a: float | None
    b: float | None
    c: float | None
    d: float | None

    @property
    def product(self) -> float | None:
        """Reads of RFs for each value."""
        factors = (self.a, self.b, self.c, self.d)
        if any(factor is None for factor in factors):
            return None
        product = 1.0
        for factor in factors:
            product *= factor or 0.0
        return product


@dataclass(frozen=True, kw_only=True, slots=True)
class PsumReuse:
    """How often a psum moves.

    Attributes
    ----------
    unique : int
        Values of the ofmap.
    glb_writes_per_value, hops_per_glb_write : float
        Writes to the GLB for each of them, and hops from PE to PE for each write.
    macs_per_hop : float
        MACs that a PE does for a psum before it hands it on, to the PE above or, the last hop, to the GLB.
    """

    unique: int
    glb_writes_per_value: float | None
    hops_per_glb_write: float | None
    macs_per_hop: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerReuse:
    """The reuse of a layer's data."""

    ifmap: Reuse
    filter: Reuse
    psum: PsumReuse

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def reuse_of(layer: Layer, images: int, counts: Counts) -> LayerReuse:
    """The reuse of data in what a machine counted.

    Parameters
    ----------
    layer : Layer
    images : int
        Images that were counted.
    counts : Counts
        With fills, which closed forms do not have.

    Examples
    --------
    >>> import simulator
    >>> c3 = simulator.run("alexnet", layers=["C3"])["C3"].run
    >>> reuse = reuse_of(c3.layer, c3.images, c3.counts)
    >>> reuse.ifmap.a, reuse.filter.c, reuse.psum.macs_per_hop
    (22.0, 13.0, 12.0)
    """
    return LayerReuse(
        ifmap=_reuse(layer.ifmap_size * images, counts, _IFMAP),
        filter=_reuse(layer.weights, counts, _FILTER),
        psum=PsumReuse(
            unique=layer.ofmap_size * images,
            glb_writes_per_value=_ratio(counts[c.GLB_PSUM_WRITE], layer.ofmap_size * images),
            hops_per_glb_write=_ratio(counts[c.INTER_PE_PSUM], counts[c.GLB_PSUM_WRITE]),
            macs_per_hop=_ratio(counts.macs, counts[c.RF_PSUM_DRAIN]),
        ),
    )


_IFMAP = {"glb": c.GLB_IFMAP_FILL, "glb_read": c.GLB_IFMAP_READ, "rf": c.RF_IFMAP_FILL, "rf_read": c.RF_IFMAP_READ}
_FILTER = {"glb": c.GLB_FILTER_FILL, "glb_read": c.GLB_FILTER_READ, "rf": c.RF_FILTER_FILL, "rf_read": c.RF_FILTER_READ}


def _reuse(unique: int, counts: Counts, events: Mapping[str, Event]) -> Reuse:
    glb, glb_read, rf, rf_read = (counts[event] for event in events.values())
    return Reuse(
        unique=unique,
        a=_ratio(glb, unique),
        b=_ratio(glb_read, glb),
        c=_ratio(rf, glb_read),
        d=_ratio(rf_read, rf),
    )


def _ratio(number: Number, of: Number) -> float | None:
    return float(number / of) if of else None
