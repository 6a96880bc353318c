"""Simulated beside analytical: the only place that sees both sides."""

from dataclasses import dataclass

from analytical import closed_forms
from analytical.energy import Accounting, Energy, price
from analytical.model import estimate
from simulator.machine import LayerRun


@dataclass(frozen=True, kw_only=True, slots=True)
class SideBySide:
    """Energy of one image of a layer: what the machine counted, and what the closed forms say of the same batch.

    ``analytical_latency_s`` is the latency of one image that the closed forms' clock energy rests on.
    """

    simulated: Energy
    analytical: Energy
    analytical_latency_s: float


def side_by_side(run: LayerRun, accounting: Accounting = Accounting.CNNERGY) -> SideBySide:
    """Price a run's events over its total latency, and set CNNergy's estimate beside it, under the same accounting.

    The closed forms have no fills and drains to charge: beside ``full``, they lack what they do not count.
    """
    hardware = run.tiling.hardware
    closed_latency_s = closed_forms.latency_s(run.layer, hardware)
    closed = estimate(run.layer, hardware, run.images).counts
    return SideBySide(
        simulated=price(run.counts * (1 / run.images), hardware, latency_s=run.total_s, accounting=accounting),
        analytical=price(closed, hardware, latency_s=closed_latency_s, accounting=accounting),
        analytical_latency_s=closed_latency_s,
    )
