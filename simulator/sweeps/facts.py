"""What a layer's run says, but for what it costs: points that differ in prices alone share it."""

from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any

from analytical.checks import is_whole
from analytical.counts import ALL_EVENTS, Counts
from analytical.energy import Accounting, Energy, price
from analytical.hardware import Hardware
from simulator.machine.layer_run import LayerRun

_EVENTS = {str(event): event for event in ALL_EVENTS}

UNPRICED = ("name", "throughput", "prices", "clock_tree", "other_control", "technology_nm", "vdd")
"""Fields of a hardware that change nothing in a layer's run, once the layer is mapped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Counts and cycles of a layer's batch.

    Attributes
    ----------
    images, macs, nonzero_macs, active_pes, passes, processing_cycles, total_cycles : int
    compute, gated, skipped, idle, dram_busy_cycles : int
        As :class:`simulator.machine.layer_run.LayerRun` has them.
    events : dict of str to int
        b_w-bit words by level, data and action.
    stalls : dict of str to int
        PE-cycles by cause.
    waits : dict of str to int
        Cycles that the array stands still, by cause.
    """

    images: int
    macs: int
    nonzero_macs: int
    active_pes: int
    passes: int
    processing_cycles: int
    total_cycles: int
    compute: int
    gated: int
    skipped: int
    idle: int
    dram_busy_cycles: int
    events: dict[str, int]
    stalls: dict[str, int]
    waits: dict[str, int]

    @classmethod
    def of(cls, run: LayerRun) -> "Facts":
        """Of a run."""
        return cls(
            images=run.images,
            macs=int(run.counts.macs),
            nonzero_macs=int(run.counts.nonzero_macs),
            active_pes=run.active_pes,
            passes=run.passes,
            processing_cycles=int(run.processing_cycles),
            total_cycles=int(run.total_cycles),
            compute=int(run.compute),
            gated=int(run.gated),
            skipped=int(run.skipped),
            idle=int(run.idle),
            dram_busy_cycles=int(run.dram_busy_cycles),
            events={str(event): int(words) for event, words in run.counts.events.items()},
            stalls={stall.name.lower(): int(cycles) for stall, cycles in run.stalls.items()},
            waits={wait.value: int(cycles) for wait, cycles in run.dram_waits.items()},
        )

    def record(self) -> dict[str, Any]:
        """As files keep them."""
        return asdict(self)

    @classmethod
    def read(cls, record: Any) -> "Facts":
        """From what a file kept.

        Raises
        ------
        ValueError
            It is none: a number is missing, is no count, or is of an event that does not exist.

        Examples
        --------
        >>> Facts.read({"images": 1})
        Traceback (most recent call last):
        ...
        ValueError: no facts of a run
        """
        names = {each.name for each in fields(cls)}
        if not isinstance(record, dict) or set(record) != names:
            raise ValueError("no facts of a run")
        tables = ("events", "stalls", "waits")
        counts = [value for name, value in record.items() if name not in tables]
        for name in tables:
            if not isinstance(record[name], dict):
                raise ValueError("no facts of a run")
            counts += record[name].values()
        known = set(record["events"]) <= set(_EVENTS)
        if not known or not all(is_whole(count) and count >= 0 for count in counts) or not record["images"]:
            raise ValueError("no facts of a run")
        return cls(**record)

    def energy(self, hardware: Hardware, accounting: Accounting) -> Energy:
        """Joules of one image, with the prices of a hardware.

        Examples
        --------
        >>> import simulator
        >>> layer = simulator.run("alexnet", layers=["FC8"], batch=1)["FC8"]
        >>> Facts.of(layer.run).energy(layer.run.tiling.hardware, Accounting.CNNERGY) == layer.energy
        True
        """
        counts = Counts(
            macs=self.macs,
            nonzero_macs=self.nonzero_macs,
            events={_EVENTS[name]: words for name, words in self.events.items()},
        )
        # exact up to the last step, as a run's energy is
        seconds = float(self.total_cycles / Fraction(hardware.core_hz) / self.images)
        return price(counts * Fraction(1, self.images), hardware, latency_s=seconds, accounting=accounting)

    def latency_s(self, hardware: Hardware) -> float:
        """Seconds of one image, with all waits."""
        return self.total_cycles / hardware.core_hz / self.images
