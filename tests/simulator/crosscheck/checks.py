"""Layers whose tiles all divide, and the cross-check of a run."""

from dataclasses import replace

from analytical.energy import Accounting
from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.rules import map_layer
from simulator.crosscheck import Crosscheck, closed_side, crosscheck
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
    rules: str = "corrected",
) -> Crosscheck:
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=seed)
    run = run_layer(layer, hardware, tensors, engine=engine, mapping=map_layer(layer, hardware, rules))
    return crosscheck(run, tensors, accounting, closed_side(layer, hardware, batch, rules))


def dividing(hardware: Hardware, R: int, S: int, U: int) -> Layer:
    """Two whole tiles along channels, filters and rows; rows of the ifmap, and filters, that fill whole RLC words
    (:func:`with_whole_filters`)."""
    pairs = hardware.rlc_pairs
    C_set = hardware.I_s // S
    # the last columns may be beyond every window, but fewer than would make another one
    G, W = next(
        (G, W) for G in range(2 * pairs, 4 * pairs) for W in range(U * (G - 1) + S, U * G + S) if W % pairs == 0
    )
    return Layer(
        name=f"{R}x{S} by {U}",
        C=144 if R == 1 else 2 * C_set * (hardware.J // R),
        R=R,
        S=S,
        U=U,
        F=2 * _filters(hardware, S),
        E=2 * hardware.K,
        G=G,
        H=U * (2 * hardware.K - 1) + R,
        W=W,
    )


def with_whole_filters(hardware: Hardware, S: int) -> Hardware:
    """The same hardware with filter RFs for a number of filters that fills whole RLC words."""
    pairs = hardware.rlc_pairs
    return replace(hardware, f_s=_filters(hardware, S) // pairs * pairs * (hardware.I_s // S) * S)


def _filters(hardware: Hardware, S: int) -> int:
    return min(hardware.f_s // S // (hardware.I_s // S), hardware.P_s)


BASE = dividing(EYERISS_16BIT, 3, 3, 1)
