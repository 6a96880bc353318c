"""Where an image's energy goes, layer by layer: AlexNet's CONV layers, as a picture and as its numbers."""

import sys

from matplotlib.figure import Figure

import simulator

result = simulator.run("alexnet", layers=["C1", "C2", "C3", "C4", "C5"], batch=1)
names = [layer.name for layer in result]
bottom = [0.0] * len(names)
figure = Figure(figsize=(6, 4), layout="constrained")
axes = figure.subplots()
for part in result.energy.parts():
    joules = [layer.energy.parts()[part] for layer in result]
    axes.bar(names, [1e3 * j for j in joules], bottom=[1e3 * b for b in bottom], label=part)
    bottom = [b + j for b, j in zip(bottom, joules, strict=True)]
axes.set_ylabel("mJ an image")
axes.legend()
if len(sys.argv) > 1:
    figure.savefig(sys.argv[1])

print("layer  " + "".join(f"{part:>14}" for part in result.energy.parts()))
for layer in result:
    print(f"{layer.name:7}" + "".join(f"{1e3 * joules:14.3f}" for joules in layer.energy.parts().values()))
print(result)
