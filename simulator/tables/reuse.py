"""The table of data reuse."""

from rich.console import Console

from analytical.reuse import Reuse, reuse_of
from analytical.terminal.tables import people_table
from analytical.terminal.text import short
from simulator.result import NetworkResult


def print_reuse(console: Console, result: NetworkResult) -> None:
    """How often data are used once they have come to a level, layer by layer."""
    table = people_table(
        "Data reuse: uses of a value at a level, for each that came to it",
        "layer",
        *("ifmap\nDRAM", "\nGLB", "\narray", "\nRF"),
        *("filter\nDRAM", "\nGLB", "\narray", "\nRF"),
        *("psum\nGLB", "\nhops", "\nMACs"),
    )
    for layer in result:
        reuse = reuse_of(layer.run.layer, layer.run.images, layer.run.counts)
        psum = reuse.psum
        moves = (psum.glb_writes_per_value, psum.hops_per_glb_write, psum.macs_per_hop)
        table.add_row(layer.name, *map(_said, (*_factors(reuse.ifmap), *_factors(reuse.filter), *moves)))
    console.print(table)
    console.print(
        "ifmap, filter: values from DRAM / unique ones, GLB reads / fills, RF fills / GLB reads, RF reads / fills; "
        "psum: GLB writes / ofmap value, hops between PEs / write, MACs that a PE does for a psum before it hands it on"
    )


def _factors(reuse: Reuse) -> tuple[float | None, ...]:
    return reuse.a, reuse.b, reuse.c, reuse.d


def _said(factor: float | None) -> str:
    return "" if factor is None else short(factor)
