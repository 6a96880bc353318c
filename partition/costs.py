"""What layers cost the phone, whoever says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """What an image costs the phone; pools and concatenations cost nothing, unless somebody has measured them.

    Attributes
    ----------
    energy_J : mapping of str to float
        Joules, by layer; and by other nodes, where these are known to cost something.
    latency_s : mapping of str to float
        Seconds, likewise.
    codec_bits : mapping of str to int
        Bits that a codec made of tensors, by the node that makes them; where no codec ran, none.
    active_pes : mapping of str to int
        PEs that work on each layer, where the source knows.
    """

    energy_J: Mapping[str, float]
    latency_s: Mapping[str, float]
    codec_bits: Mapping[str, int] = field(default_factory=dict)
    active_pes: Mapping[str, int] = field(default_factory=dict)
