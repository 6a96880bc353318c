"""Data reuse, against figures of AlexNet, and by its law."""

from collections.abc import Callable

import pytest
from hypothesis import given

from analytical import counts as c
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.reuse import reuse_of
from simulator.result import NetworkResult
from tests.analytical.compression.figures import rows_of
from tests.machines import run_layer
from tests.strategies import mappable
from traces.tensors import synthesise


def test_reuse_of_alexnet(zoo_run: Callable[[str, int], NetworkResult]) -> None:
    run = zoo_run("alexnet", 16)
    for row in rows_of("reuse_alexnet.csv"):
        layer = run[row["layer"]].run
        reuse = reuse_of(layer.layer, layer.images, layer.counts)
        found = {"macs": layer.counts.macs, "psum_unique": reuse.psum.unique}
        for name, data in (("ifmap", reuse.ifmap), ("filter", reuse.filter)):
            found |= {f"{name}_unique": data.unique}
            found |= {f"{name}_{factor}": getattr(data, factor) for factor in "abcd"}
        found |= {f"psum_{name}": getattr(reuse.psum, name) for name in ("hops_per_glb_write", "macs_per_hop")}
        found["psum_glb_writes_per_value"] = reuse.psum.glb_writes_per_value
        for column, value in row.items():
            if column != "layer":
                assert found[column] == pytest.approx(float(value), rel=1e-12), (row["layer"], column)


@given(mappable())
def test_the_product_of_the_factors_is_the_reads_of_rfs_for_each_value(case: tuple[Layer, Hardware, int]) -> None:
    """ISCA 2016, eq 3."""
    layer, hardware, batch = case
    counts = run_layer(layer, hardware, synthesise(layer, b_w=hardware.b_w, batch=batch, seed=0)).counts
    reuse = reuse_of(layer, batch, counts)
    assert reuse.ifmap.product == pytest.approx(counts[c.RF_IFMAP_READ] / (layer.ifmap_size * batch), rel=1e-12)
    assert reuse.filter.product == pytest.approx(counts[c.RF_FILTER_READ] / layer.weights, rel=1e-12)
