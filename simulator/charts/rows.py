"""What a report shows of a run, as rows of plain numbers: one list for each diagram."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from analytical.errors import InputError

Row = dict[str, Any]

PARTS = {
    "mac": "MAC",
    "rf": "RF",
    "inter_pe": "inter-PE",
    "glb": "GLB",
    "dram": "DRAM",
    "clock": "clock",
    "other_control": "other control",
}
"""Parts of the energy, as people read them."""

STATES = {"compute": "MAC", "gated": "gated", "stall": "stall", "idle": "idle"}
"""What PEs do in a cycle, by the beginnings of columns."""

LEVELS = ("RF", "inter-PE", "GLB", "DRAM")


class RunDataError(InputError):
    """A record that lacks what is to be shown; the message says what."""


@dataclass(frozen=True, slots=True)
class RunData:
    """A run that is shown.

    Attributes
    ----------
    name : str
        By which its rows are told from another's.
    title : str
        Which run it is.
    record : mapping
        All that :meth:`simulator.result.NetworkResult.record` has, and its file.
    """

    name: str
    title: str
    record: Mapping[str, Any]

    @property
    def layers(self) -> list[Mapping[str, Any]]:
        """Records of its layers."""
        return list(self.record["layers"])

    @property
    def hardware(self) -> Mapping[str, Any]:
        """Its hardware, as the file has it."""
        hardware: Mapping[str, Any] = self.record["hardware"]
        return hardware

    def number(self, layer: Mapping[str, Any], column: str) -> float:
        """A number of a layer.

        Raises
        ------
        RunDataError
            The record has none.
        """
        value = layer.get(column)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RunDataError(
                f"{self.name}: layer {layer.get('layer')} has no {column}; expected a run's file as written"
            )
        return float(value)


def energy(run: RunData) -> list[Row]:
    """Millijoules of an image by layer and part, of the machine and of the model beside it."""
    sides = {"machine": "energy_J_by", "model": "analytical_energy_J_by"}
    return [
        {"run": run.name, "layer": layer["layer"], "side": side, "part": PARTS[part], "mJ": joules * 1e3}
        for layer in run.layers
        for side, column in sides.items()
        for part, joules in _mapping(run, layer, column).items()
        if part in PARTS
    ]


def states(run: RunData) -> list[Row]:
    """Shares of PE-cycles by layer, in per cent of those in which the array works."""
    rows = []
    for layer in run.layers:
        cycles = {said: run.number(layer, f"{column}_pe_cycles") for column, said in STATES.items()}
        whole = sum(cycles.values()) or 1.0
        rows += [
            {"run": run.name, "layer": layer["layer"], "PEs": said, "share": 100 * each / whole}
            for said, each in cycles.items()
        ]
    return rows


def latency(run: RunData) -> list[Row]:
    """Milliseconds of an image by layer: in which the array works, and in which it waits."""
    rows = []
    for layer in run.layers:
        scale = 1e3 / float(run.hardware["core_hz"]) / run.number(layer, "images")
        waits = _mapping(run, layer, "dram_wait_cycles")
        cycles = {"works": run.number(layer, "processing_cycles")} | {
            f"waits: {wait.replace('_', ' ')}": number for wait, number in waits.items()
        }
        rows += [
            {"run": run.name, "layer": layer["layer"], "array": said, "ms": number * scale}
            for said, number in cycles.items()
        ]
    return rows


def roofline(run: RunData) -> list[Row]:
    """For each layer, MACs a byte of DRAM traffic, MACs a cycle, and what would be possible: with all PEs, and with
    those that are at work in its fullest pass."""
    hardware, rows = run.hardware, []
    pes = float(hardware["J"]) * float(hardware["K"])
    bytes_a_cycle = float(hardware["link_bits"]) / 8 * float(hardware["link_hz"]) / float(hardware["core_hz"])
    for layer in run.layers:
        bits = sum(run.number(layer, f"dram_{data}_bits") for data in ("ifmap", "filter", "ofmap"))
        macs, active = run.number(layer, "macs"), run.number(layer, "active_pes")
        intensity = macs / max(bits / 8, 1.0)
        rows.append(
            {
                "run": run.name,
                "layer": layer["layer"],
                "MACs a byte": intensity,
                "MACs a cycle": macs / max(run.number(layer, "total_cycles"), 1.0),
                "link roof": intensity * bytes_a_cycle,
                "PEs at work": active,
                "PEs": pes,
                "roof": min(active, intensity * bytes_a_cycle),
            }
        )
    return rows


def traffic(run: RunData) -> list[Row]:
    """Megabytes of an image by layer and level: reads and writes of RFs, hand-overs, GLB and DRAM."""
    b_w, rows = float(run.record["bits"]), []
    columns = {
        "RF": ("rf_ifmap_reads", "rf_filter_reads", "rf_psum_reads", "rf_psum_writes"),
        "inter-PE": ("inter_pe_psums",),
        "GLB": ("glb_ifmap_reads", "glb_filter_reads", "glb_psum_reads", "glb_psum_writes"),
    }
    for layer in run.layers:
        scale = 1 / 8e6 / run.number(layer, "images")
        bits = {level: b_w * sum(run.number(layer, name) for name in names) for level, names in columns.items()}
        bits["DRAM"] = sum(run.number(layer, f"dram_{data}_bits") for data in ("ifmap", "filter", "ofmap"))
        rows += [
            {"run": run.name, "layer": layer["layer"], "level": level, "MB": bits[level] * scale} for level in LEVELS
        ]
    return rows


def over_time(run: RunData) -> list[Row]:
    """What the array does, and what the link moves, over the milliseconds of each layer: shares in per cent; nothing,
    where the run has no series."""
    rows: list[Row] = []
    for layer in run.layers:
        series = layer.get("series")
        if not isinstance(series, Mapping):
            continue
        array, link = series["array"], series["link"]
        points = len(array["works"])
        step_ms = float(series["cycles"]) / float(run.hardware["core_hz"]) * 1e3 / points
        for at in range(points):
            row: Row = {"run": run.name, "layer": layer["layer"], "ms": round(at * step_ms, 6)}
            row |= {name: round(100 * shares[at], 2) for name, shares in array.items()}
            row |= {f"link: {name}": round(100 * shares[at], 2) for name, shares in link.items()}
            rows.append(row)
    return rows


def effects(run: RunData) -> list[Row]:
    """Millijoules of an image by which the machine differs from the model, by reason, over all layers."""
    sums: dict[str, float] = {}
    for layer in run.layers:
        total = _mapping(run, layer, "crosscheck_energy_J_by").get("total", {})
        for name, joules in total.get("effects", {}).items():
            sums[name] = sums.get(name, 0.0) + joules * 1e3
    largest = sorted(sums.items(), key=lambda each: -abs(each[1]))
    return [{"run": run.name, "effect": name, "mJ": number} for name, number in largest if abs(number) > 1e-9]


def table(run: RunData) -> list[Row]:
    """What the table has of each layer, for one image."""
    rows = []
    for layer in run.layers:
        images = run.number(layer, "images")
        cycles = run.number(layer, "total_cycles")
        classes = [run.number(layer, f"{column}_pe_cycles") for column in STATES]
        rows.append(
            {
                "run": run.name,
                "layer": layer["layer"],
                "MMAC": run.number(layer, "macs") / images / 1e6,
                "mJ": run.number(layer, "energy_J") * 1e3,
                "model mJ": run.number(layer, "analytical_energy_J") * 1e3,
                "ms": cycles / float(run.hardware["core_hz"]) / images * 1e3,
                "waits %": 100 * (1 - run.number(layer, "processing_cycles") / max(cycles, 1.0)),
                "PEs": run.number(layer, "active_pes"),
                "MAC %": 100 * (classes[0] + classes[1]) / (sum(classes) or 1.0),
                "DRAM MB": sum(run.number(layer, f"dram_{data}_bits") for data in ("ifmap", "filter", "ofmap"))
                / 8e6
                / images,
            }
        )
    return rows


def changes(first: RunData, second: RunData) -> list[Row]:
    """Energy and latency of layers that both runs have, and what the second is more than the first, in per cent."""
    ours, theirs = ({row["layer"]: row for row in table(run)} for run in (first, second))
    rows = []
    for name, row in ours.items():
        if name in theirs:
            other = theirs[name]
            rows.append(
                {"layer": name}
                | {f"{what}, first": row[what] for what in ("mJ", "ms")}
                | {f"{what}, second": other[what] for what in ("mJ", "ms")}
                | {f"{what}, %": 100 * (other[what] / row[what] - 1) if row[what] else 0.0 for what in ("mJ", "ms")}
            )
    return rows


DATA: dict[str, Callable[[RunData], list[Row]]] = {
    "energy": energy,
    "states": states,
    "latency": latency,
    "roofline": roofline,
    "traffic": traffic,
    "effects": effects,
    "time": over_time,
}
"""Rows behind each diagram, by its name."""


def require_rows(run: RunData) -> None:
    """Refuse a run of which something cannot be shown: a file that somebody changed, and trusts, may lack anything.

    Raises
    ------
    RunDataError
        It lacks something, or has something else there.
    """
    for rows in (*DATA.values(), table):
        try:
            rows(run)
        except RunDataError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise RunDataError(
                f"{run.name}: {rows.__name__} cannot be shown ({type(error).__name__}: {error}); "
                "expected a run's file as written"
            ) from error


def _mapping(run: RunData, layer: Mapping[str, Any], column: str) -> Mapping[str, Any]:
    value = layer.get(column)
    if not isinstance(value, Mapping):
        raise RunDataError(f"{run.name}: layer {layer.get('layer')} has no {column}; expected a run's file as written")
    return value
