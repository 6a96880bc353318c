"""Which array would have been better for MobileNet than Eyeriss's: the grid of sweep.toml, its front, and why."""

import tempfile
from pathlib import Path

import simulator

GRID = Path(__file__).with_name("sweep.toml")

if __name__ == "__main__":  # the workers' processes import this file
    with tempfile.TemporaryDirectory() as folder:
        done = simulator.sweep(GRID, Path(folder, "sweep.h5"), jobs=2, cache=folder)
        found = simulator.fronts(done)
        rows = done.rows()
    (chip,) = [
        row for row in rows if (row["hardware.J"], row["hardware.K"], row["hardware.gin_ifmap_bits"]) == (12, 14, 16)
    ]
    print(" J  K bits of pixels   mJ     ms   PEs with a MAC, %")
    for name, shown in (("no other point is better:", found.best["mobilenet_v1"]), ("Eyeriss:", [chip])):
        print(name)
        for row in shown:
            print(
                f"{row['hardware.J']:2} {row['hardware.K']:2} {row['hardware.gin_ifmap_bits']:14} "
                f"{row['energy_J'] * 1e3:6.2f} {row['latency_s'] * 1e3:6.1f} {100 * row['utilisation']:10.1f}"
            )
    print("energy of the worst value over the best, all else alike:")
    for effect in found.effects:
        print(f"{effect.kind:10} {effect.field:15} {effect.best:>3} {effect.worst:>3} {effect.factor:6.3f}")
    clock = [100 * row["energy_J_clock"] / row["energy_J"] for row in (*found.best["mobilenet_v1"], chip)]
    print("the clock's share of the energy, %:", " ".join(f"{share:.0f}" for share in clock))
