"""Machine beside closed forms: every difference as a sum of named effects; the only place that sees both sides.

The closed forms are taken step by step to what the machine does: each effect is what one step changes. First tiles
become whole, axis by axis, then the data's zeros take their places, then code takes whole words. None of the machine's
counts enters here, so that what is left over, the residual, says whether it did what its schedule and its data ask
for. The schedule's tile sizes, and the parts in which ofmaps leave, are given; latency is split by the machine's own
classes, which must add up. Arithmetic is exact: fractions, not floats.
"""

from simulator.crosscheck.check import COMPARED, Crosscheck, closed_side, crosscheck
from simulator.crosscheck.effects import Effect

__all__ = ["COMPARED", "Crosscheck", "Effect", "closed_side", "crosscheck"]
