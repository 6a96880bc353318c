"""What it would do to latency and energy if feature maps moved while PEs work, beside what the Eyeriss chip took."""

from dataclasses import replace

import simulator
from analytical.hardware import EYERISS_16BIT

print("Off the chip, %      C1    C2    C3    C4    C5  mean")
for overlap in (False, True):
    validation = simulator.validate(hardware=replace(EYERISS_16BIT, overlap_fmaps=overlap))
    print("feature maps move while PEs", "work" if overlap else "stand still")
    for column in ("processing_latency_ms", "total_latency_ms", "on_chip_energy_mJ"):
        errors = [cells[column].error_percent or 0.0 for cells in validation.cells().values()]
        mean = validation.mean_errors()[column]
        print(f"  {column.rsplit('_', 1)[0]:18}" + "".join(f"{error:+6.1f}" for error in errors) + f"{mean:6.1f}")
