"""Where to cut AlexNet if its layers cost what was measured on a device of your own, here one that is twice as good."""

import analytical
import partition

ours = {layer.layer.name: layer.energy_J / 2 for layer in analytical.estimate("alexnet", "eyeriss-8bit")}
for source in ("analytical", ours):
    plan = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", source=source)
    print(plan)
    print("  best from:", ", ".join(f"{cut} {rate / 1e6:.1f} Mbps" for cut, rate in plan.switch_rates()))
