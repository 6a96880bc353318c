"""Layers whose tiles all divide, and the cross-check of a run."""

from analytical.energy import Accounting
from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from simulator.crosscheck import Crosscheck, crosscheck
from tests.machines import run_layer
from traces.tensors import synthesise


def check(
    layer: Layer,
    hardware: Hardware,
    batch: int = 1,
    *,
    seed: int = 0,
    engine: str = "fast",
    accounting: Accounting = Accounting.CNNERGY,
) -> Crosscheck:
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=seed)
    return crosscheck(run_layer(layer, hardware, tensors, engine=engine), tensors, accounting)


def dividing(hardware: Hardware, R: int, S: int, U: int) -> Layer:
    """Two whole tiles along channels, filters and rows; rows of ifmap and ofmap that fill whole RLC words."""
    pairs = hardware.rlc_pairs
    C_set = hardware.I_s // S
    G = 2 * pairs
    width = U * (G - 1) + S
    return Layer(
        name=f"{R}x{S} by {U}",
        C=144 if R == 1 else 2 * C_set * (hardware.J // R),
        R=R,
        S=S,
        U=U,
        F=2 * min(hardware.f_s // S // C_set, hardware.P_s),
        E=2 * hardware.K,
        G=G,
        H=U * (2 * hardware.K - 1) + R,
        W=-(-width // pairs) * pairs,
    )


BASE = dividing(EYERISS_16BIT, 3, 3, 1)
