"""The pictures of the gallery (docs/gallery.md), but for that of compress_vgg16.py, each by one command, and what they
show; with a folder, they are drawn into it: python examples/gallery.py [folder]."""

import sys
import tempfile
from pathlib import Path

import analytical
import partition
import partition.neupart
import simulator
from simulator.charts.rows import RunData, traffic

RUN = "simulate alexnet --json {runs}/cnnergy.json --series 200"
EYERISS = "simulate alexnet --mapping eyeriss --json {runs}/eyeriss.json --series 200"
PICTURES = {
    "c1.png": "watch alexnet --layers C1 --batch 1 --out",
    "c3.png": "watch alexnet --layers C3 --pass 5 --batch 2 --out",
    "energy.svg": "report {runs}/cnnergy.json --panel energy --svg",
    "states.svg": "report {runs}/cnnergy.json --panel states --svg",
    "latency.svg": "report {runs}/cnnergy.json {runs}/eyeriss.json --panel latency --svg",
    "roofline.svg": "report {runs}/cnnergy.json --panel roofline --svg",
    "traffic.svg": "report {runs}/cnnergy.json --panel traffic --svg",
    "effects.svg": "report {runs}/cnnergy.json --panel effects --svg",
    "cuts.svg": "figure 10 alexnet --source analytical --source simulated --out",
    "map.svg": "map squeezenet1_1 --out",
    "glb.svg": "figure 13c alexnet --out",
}
"""By file: the command that draws it, whose last word is the file."""


def neupart(command: str, *more: str) -> None:
    """Run one command, as the console script has it."""
    partition.neupart.group.main([*command.split(), "--quiet", *more], standalone_mode=False)


def draw(folder: Path) -> None:
    """Draw all pictures into a folder."""
    with tempfile.TemporaryDirectory() as runs:
        for made in (RUN, EYERISS):
            neupart(made.format(runs=runs))
        for file, command in PICTURES.items():
            options = command.format(runs=runs).split()
            neupart(" ".join(options[:-1]), options[-1], str(folder / file))


def say() -> None:
    """Print what the pictures show."""
    for file, layer, number, batch in (("c1.png", "C1", 0, 1), ("c3.png", "C3", 5, 2)):
        watched = simulator.watch("alexnet", layer, number, batch=batch)
        shares = ", ".join(f"{row['PEs']} {row['%']:.1f} %" for row in watched.summary())
        print(f"{file}: {watched.cycles} cycles; {shares}")
    run = simulator.run("alexnet")
    other = simulator.run("alexnet", mapping="eyeriss")
    dearest = max(run, key=lambda layer: layer.energy_J)
    print(f"energy.svg: machine {run.energy_J * 1e3:.3f} mJ, model {run.model_energy_J * 1e3:.3f} mJ an image;")
    print(f"  {dearest.name} {dearest.energy_J * 1e3:.3f} mJ, of which clock {dearest.energy.clock * 1e3:.3f} mJ")
    for layer in (run["C1"], run["C3"], run["FC6"]):
        row = layer.row()
        whole = sum(float(row[f"{state}_pe_cycles"]) for state in ("compute", "gated", "stall", "idle"))
        macs, idle = (100 * float(row[f"{state}_pe_cycles"]) / whole for state in ("compute", "idle"))
        print(f"states.svg: {layer.name} MAC {macs:.1f} %, idle {idle:.1f} %")
    print(f"latency.svg: mapping cnnergy {run.latency_s * 1e3:.2f} ms, eyeriss {other.latency_s * 1e3:.2f} ms an image")
    for name in ("C2", "FC6"):
        layer, pes = run[name].run, run[name].run.active_pes
        print(f"roofline.svg: {name} {layer.counts.macs / layer.total_cycles:.1f} MACs a cycle, of {pes} PEs at work")
    moved = traffic(RunData("alexnet", "", run.record()))
    for name in ("C2", "FC6"):
        said = ", ".join(f"{row['level']} {row['MB']:.1f} MB" for row in moved if row["layer"] == name)
        print(f"traffic.svg: {name} {said}")
    effects = run.differences_by_column()["energy_J"].by_size
    print("effects.svg:", ", ".join(f"{name} {adds * 1e3:+.3f} mJ" for name, adds in list(effects.items())[:3]))
    for source in ("analytical", "simulated"):
        plan = partition.plan("alexnet", bitrate="100Mbps", tx_power="1W", source=source)
        print(f"cuts.svg: {source}: best after {plan.best.name}, {plan.best.total_energy_J(plan.channel) * 1e3:.3f} mJ")
    plan = partition.plan("squeezenet1_1", bitrate="60Mbps", tx_power="0.78W")
    bands = [f"{name} from {rate / 1e6:.1f} Mbps" for name, rate in plan.switch_rates()]
    print("map.svg: at 0.78 W,", ", ".join(bands))
    alexnet, chip = analytical.load_network("alexnet"), analytical.CHIPS["eyeriss-8bit"]
    print(f"glb.svg: {chip.glb_kib:g} KiB: {analytical.estimate(alexnet, chip).energy_J * 1e3:.3f} mJ")


if __name__ == "__main__":
    say()
    if sys.argv[1:]:
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        draw(folder)
