"""All ways of a distribution run with values, beside the whole network."""

from partition.fleet.distribution import Distribution
from partition.fleet.machine import DistributedRun, on_machine
from partition.fleet.ways import Strategy, Way


def wrong_values(found: Distribution, seed: int = 0) -> list[str]:
    """What devices make that the whole network does not, one line a tensor; nothing is right.

    Frames that are shared out are each run whole, and need no run.

    Parameters
    ----------
    found : Distribution
    seed : int
        Of the values.

    Raises
    ------
    FleetError
        The network has operations of which nobody knows what they make.
    """
    fleet = found.fleet
    hardware = fleet.members[0].hardware
    run, machine = DistributedRun(fleet.tensors, hardware.b_w, seed), on_machine(hardware)
    lines = []
    for spread in found.spreads:
        if spread.strategy is not Strategy.DATA:
            made, local = fleet.made(Way(spread.strategy, spread.variant), spread.cuts, spread.blocks)
            for name, wrong in run.wrong(made, machine, local).items():
                lines.append(f"{spread.name}: {name}: {wrong:,} values")
    return lines
