"""Files as a source of energies: measurements, other tools' figures, recorded runs."""

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytical.closed_forms import latency_s
from analytical.hardware import Hardware
from analytical.network import Network
from partition.costs import Costs
from partition.sources.base import SourceError

ENDINGS = (".csv", ".json", ".h5")
"""Endings of the names of files with energies."""

LARGEST = 1e15
"""Beyond any cost of a layer."""


@dataclass(frozen=True, slots=True)
class File:
    """A file: a table (.csv) with the columns layer, energy_J and, if known, latency_s, both for one image; or a run
    that ``python -m simulator run`` wrote (.csv, .json, .h5), with its cycles. Without latencies, those of the closed
    forms stand in.

    Attributes
    ----------
    name : str
        The file's path; its ending says which kind it is.

    Examples
    --------
    >>> import tempfile
    >>> from analytical.hardware import EYERISS_8BIT
    >>> from analytical.layer import Layer
    >>> network = Network("small", (Layer.fc("one", inputs=8, outputs=8),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "measured.csv"
    ...     _ = file.write_text("layer,energy_J,latency_s\\none,0.002,0.01\\n")
    ...     costs = File(str(file)).costs(network, EYERISS_8BIT)
    >>> costs.energy_J, costs.latency_s
    ({'one': 0.002}, {'one': 0.01})
    """

    name: str

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        """See :meth:`partition.sources.base.EnergySource.costs`; each layer must stand in the file, once."""
        rows = self._table() if Path(self.name).suffix.lower() == ".csv" else self._run(hardware)
        names = [layer.name for layer in network.layers]
        energy, latency = {}, {}
        for where, row in rows:
            layer = str(row.get("layer"))
            if layer not in names:
                raise self._error(f"{where}layer is {layer!r}", f"layers of {network.name}: {', '.join(names)}")
            if layer in energy:
                raise self._error(f"{where}layer {layer} stands twice", "each layer once")
            energy[layer] = self._number(row, "energy_J", where)
            if row.get("latency_s") not in (None, ""):
                latency[layer] = self._number(row, "latency_s", where)
            elif row.get("total_cycles") and row.get("images"):
                cycles, images = (self._number(row, column, where) for column in ("total_cycles", "images"))
                # cycles are of the batch; a table in which it is 0 is not worth a division by zero
                latency[layer] = cycles / hardware.core_hz / max(1.0, images)
        missing = [name for name in names if name not in energy]
        if missing:
            raise self._error(f"layer {missing[0]} is missing", f"all layers of {network.name}")
        return Costs(
            energy_J=energy,
            latency_s={layer.name: latency.get(layer.name, latency_s(layer, hardware)) for layer in network.layers},
        )

    def _table(self) -> list[tuple[str, Mapping[str, Any]]]:
        try:
            # utf-8-sig: spreadsheets begin a file with a byte order mark, which would hide the first heading
            with Path(self.name).open(newline="", encoding="utf-8-sig") as file:
                table = csv.DictReader(file)
                for column in ("layer", "energy_J"):
                    if column not in (table.fieldnames or []):
                        raise self._error(
                            f"column {column!r} is missing", "columns layer, energy_J and maybe latency_s"
                        )
                # the headings are row 1
                return [(f"row {number}: ", row) for number, row in enumerate(table, start=2)]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise self._error(f"cannot be read ({reason})", "a table of layers and joules") from error

    def _run(self, hardware: Hardware) -> list[tuple[str, Mapping[str, Any]]]:
        from traces.store import OldFileError, read_record

        try:
            record = read_record(Path(self.name))
            rows: list[tuple[str, Mapping[str, Any]]] = [("", dict(layer)) for layer in record["layers"]]
            ran_on = record["hardware"]
        except OSError as error:
            raise self._error(f"cannot be read ({error.strerror})", "a source of energies") from error
        except OldFileError as error:
            raise self._error(str(error), "a file of this version: run it again") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._error("is no run of the simulator", "a .json or .h5 that simulator run wrote") from error
        # both as JSON has them, so that a list is not held to differ from a tuple
        if ran_on != json.loads(json.dumps(hardware.record())):
            of = f"{ran_on.get('name')}, {ran_on.get('b_w')} bit" if isinstance(ran_on, dict) else "no hardware"
            raise self._error(
                f"is a run on {of}", f"one on {hardware.name}, {hardware.b_w} bit, as here (--bits, --hardware)"
            )
        return rows

    def _number(self, row: Mapping[str, Any], column: str, where: str) -> float:
        try:
            value = float(row.get(column))  # type: ignore[arg-type]  # what is no number is refused
        except (TypeError, ValueError):
            value = math.nan
        # a nan is in no range
        if not 0 <= value <= LARGEST:
            raise self._error(f"{where}{column} is {row.get(column)!r}", f"a number from 0 to {LARGEST:g}")
        return value

    def _error(self, has: str, expected: str) -> SourceError:
        return SourceError(f"{self.name}: {has}; expected {expected}")
