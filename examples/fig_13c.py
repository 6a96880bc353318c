"""Fig. 13(c) of NeuPart, energy against the size of the GLB, by the closed forms and from the machine: fig_13c.toml."""

import tempfile
from pathlib import Path

import analytical
import simulator

GRID = Path(__file__).with_name("fig_13c.toml")

if __name__ == "__main__":  # the workers' processes import this file
    with tempfile.TemporaryDirectory() as folder:
        machine = simulator.sweep(GRID, Path(folder, "sweep.h5"), jobs=2, cache=folder).rows()
    forms = analytical.sweep(GRID).rows()
    print("              closed forms, mJ           machine, mJ")
    print("GLB KiB    all    DRAM     GLB      all    DRAM     GLB")
    for by_form, by_run in zip(forms, machine, strict=True):
        print(
            f"{by_run['hardware.glb_kib']:7}",
            *(f"{row[f'energy_J{part}'] * 1e3:7.3f}" for row in (by_form, by_run) for part in ("", "_dram", "_glb")),
        )
    for name, rows in (("closed forms", forms), ("machine", machine)):
        for of, left_out in (("all", ()), ("without control", ("clock", "other_control"))):
            energy = {
                row["hardware.glb_kib"]: row["energy_J"] - sum(row[f"energy_J_{part}"] for part in left_out)
                for row in rows
            }
            least = min(energy.values())
            near = [kib for kib, joules in energy.items() if joules < 1.02 * least]
            at = min(energy, key=energy.__getitem__)
            print(f"{name}, {of}: least at {at} KiB; within 2 % from {near[0]} to {near[-1]} KiB")
