"""Array sizes and RF sizes, as ISCA 2016 compares them, from the machine: the grid of isca16.toml."""

import csv
import tempfile
from pathlib import Path

import simulator

GRID = Path(__file__).with_name("isca16.toml")

PUBLISHED = Path(__file__).parents[1] / "tests" / "data" / "eyeriss" / "isca16_fig10.csv"

if __name__ == "__main__":  # the workers' processes import this file
    with tempfile.TemporaryDirectory() as folder:
        rows = simulator.sweep(GRID, Path(folder, "sweep.h5"), jobs=2, cache=folder).rows()
    print("CONV layers of AlexNet, 16 images, no zeros; energies in MACs a MAC")
    print("PEs  filter RF  GLB KiB   RF   PE-PE   GLB   DRAM   all   words on the link a MAC   ms   energy x delay")
    (first,) = [row for row in rows if (row["pes"], row["hardware.f_s"]) == (256, 224)]
    for row in rows:
        of_mac = {part: row[f"energy_J_{part}"] / row["macs"] * 1e12 for part in ("rf", "inter_pe", "glb", "dram")}
        product = row["energy_J"] * row["latency_s"] / (first["energy_J"] * first["latency_s"])
        print(
            f"{row['pes']:4} {2 * row['hardware.f_s']:6} B {row['hardware.glb_kib']:8}",
            *(f"{joules:6.3f}" for joules in of_mac.values()),
            f"{row['energy_J'] / row['macs'] * 1e12:6.3f} {row['dram_bits'] / 16 / row['macs']:15.5f}",
            f"{row['latency_s'] * 1e3:15.1f} {product:10.2f}",
        )
    with PUBLISHED.open() as file:
        conv = [row for row in csv.DictReader(file) if row["layer"].startswith("C")]
    macs, dram, rf = (sum(float(row[name]) for row in conv) for name in ("alu", "dram", "rf"))
    near = (first["energy_J_rf"] + first["energy_J_inter_pe"] / 2) / first["macs"] * 1e12
    far = first["energy_J_dram"] / first["macs"] * 1e12
    print(
        f"Fig. 10, 256 PEs: RF with half of PE-PE {rf / macs:.3f}, DRAM {dram / macs:.3f}; "
        f"here {near:.3f} and {far:.3f}"
    )
