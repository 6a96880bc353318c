"""What a zero is worth: a network with the densities of Han et al. (NIPS 2015) on machines that use more and more of
its zeros, one image at a time, with the chip's ports and with ports four times as wide:
python examples/zeros.py [alexnet|vgg16]."""

import sys
from collections.abc import Iterator
from dataclasses import replace

import analytical
import simulator
from analytical.hardware import NETWORK_WIDTHS

CHIP = analytical.CHIPS["eyeriss-16bit"]
SPARSE = analytical.CHIPS["eyeriss-16bit-sparse"]
LADDER = (
    ("none used", replace(CHIP, fmap_code="raw")),
    ("the chip", CHIP),
    ("gate both", replace(CHIP, gate="both")),
    ("gate both, code both", SPARSE),
    ("skip ifmap, code both", replace(SPARSE, skip="ifmap")),
    ("skip both", replace(CHIP, gate="both", skip="both")),
    ("skip both, code both", replace(SPARSE, skip="both")),
)
"""What is done with zeros, and the hardware that does it; "none used": as if no value were zero."""


def wide(hardware: analytical.Hardware) -> analytical.Hardware:
    """The same hardware with ports four times as wide between GLB and PEs."""
    return replace(hardware, **{name: 4 * getattr(hardware, name) for name in NETWORK_WIDTHS})


def without_zeros(network: analytical.Network) -> analytical.Network:
    """The same layers with data that have no zeros."""
    layers = [replace(layer, sparsity_ifmap=0.0, sparsity_ofmap=0.0, sparsity_filters=0.0) for layer in network.layers]
    return replace(network, layers=tuple(layers))


def row(name: str, network: analytical.Network, hardware: analytical.Hardware) -> str:
    """Energies of an image in mJ, its cycles in millions, where PE-cycles of the passes went, and waits for DRAM."""
    result = simulator.run(network, hardware=hardware, batch=1)
    assert not result.unexplained_layers()
    spent: dict[str, float] = {}
    for layer in result:
        run = layer.run
        stalls = {stall.name.lower(): cycles for stall, cycles in run.stalls.items()}
        for cause, cycles in ({"mac": run.compute, "gated": run.gated, "idle": run.idle} | stalls).items():
            spent[cause] = spent.get(cause, 0.0) + cycles
    percent = {cause: 100 * cycles / sum(spent.values()) for cause, cycles in spent.items()}
    psum = percent["psum_in"] + percent["psum_out"] + percent["psum_pass"]
    hertz = hardware.core_hz / 1e6
    model_s = sum(layer.check.analytical_latency_s for layer in result)
    waits = 100 * (1 - result.processing_s / result.latency_s)
    cells = (percent["mac"], percent["gated"], percent["filter_load"], percent["ifmap_fill"], psum, percent["pass_end"])
    return (
        f"{name:22}{result.model_energy_J * 1e3:7.2f}{result.energy_J * 1e3:8.2f}{model_s * hertz:9.2f}"
        f"{result.processing_s * hertz:9.2f}{result.latency_s * hertz:9.2f}"
        + "".join(f"{cell:6.1f}" for cell in (*cells, percent["idle"], waits))
    )


def table(name: str) -> Iterator[str]:
    """The ladder, on both kinds of ports."""
    network = analytical.load_network(name)
    kept = analytical.shares_kept(network, "han2015")
    pruned = analytical.prune(network, {layer: 1 - share for layer, share in kept.items()})
    for ports, widen in (("the chip's ports", lambda hardware: hardware), ("ports four times as wide", wide)):
        yield f"{name}, {ports}"
        yield (
            "                           mJ an image   Mcycles an image"
            "           PE-cycles of the passes, %            DRAM"
        )
        yield (
            "                        model machine    model processing total"
            "   MAC gated filt. ifmap  psum   end  idle  wait %"
        )
        for rung, hardware in LADDER:
            yield row(rung, without_zeros(network) if rung == "none used" else pruned, widen(hardware))
        yield ""


if __name__ == "__main__":
    for line in table(sys.argv[1] if len(sys.argv) > 1 else "alexnet"):
        print(line, flush=True)
