"""A network on 2, 4 and 8 devices: the worst device's energy and the frames a second of each strategy, by closed forms
and machine, over a slow link and a fast one; and where the machine puts strategies in another order.

    python examples/devices.py [network]
"""

import sys

import partition

NETWORK = sys.argv[1] if len(sys.argv) > 1 else "alexnet"
SOURCES = ("analytical", "simulated")


def ranks(found: partition.Distribution) -> dict[str, int]:
    """Places of the ways by the worst device's energy; what costs the same has the same one."""
    energies = [spread.max_energy_J for spread in found.spreads]
    return {
        spread.name: 1 + sum(other < spread.max_energy_J * (1 - 1e-9) for other in energies) for spread in found.spreads
    }


print(f"{NETWORK}: mJ of the worst device, frames a second, and what a bit may cost (nJ)")
for devices in (2, 4, 8):
    for bitrate in ("80Mbps", "8Gbps"):
        found = [
            partition.distribute(NETWORK, devices, bitrate=bitrate, tx_power="0.78W", source=source)
            for source in SOURCES
        ]
        print(f"\n{devices} devices, {bitrate:<21}" + "".join(f"{source:>26}" for source in SOURCES))
        for name in ("one alone", *(spread.name for spread in found[0].spreads)):
            cells = ""
            for each in found:
                spread = each.alone if name == "one alone" else each[name]
                limit = None if name == "one alone" else spread.breakeven_J_per_bit(each.alone.max_energy_J)
                bits = "" if limit is None else f"{limit * 1e9:.3g}"
                cells += f"{spread.max_energy_J * 1e3:10.2f}{spread.frames_per_s:9.1f}{bits:>7}"
            print(f"  {name:<28}{cells}".rstrip())
        forms, machine = map(ranks, found)
        moved = [f"{name} {forms[name]} -> {machine[name]}" for name in forms if forms[name] != machine[name]]
        print("  order on the machine: " + ("as by closed forms" if not moved else "; ".join(moved)))
