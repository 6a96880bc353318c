"""Files as a source of energies: measurements, other tools' figures, recorded runs."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from analytical.closed_forms import latency_s
from analytical.files.seal import ChangedError
from analytical.graph import IMAGE, graph_of
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.network import Network
from analytical.sheet import list_names, parse_sheet, read_text, real_number
from partition.costs import Costs
from partition.sources.base import SourceError

ENDINGS = (".csv", ".json", ".h5")
"""Endings of the names of files with energies."""

SUMS = ("total", "totals", "grand total", "sum", "all", "all layers", "network")
"""What tables call the row of all layers together, which is passed over."""

REQUIRED = ("layer", "energy_J")
"""Columns of a table of costs; others may be left out, or empty."""

LARGEST = 1e15
"""Beyond any cost of a layer."""


class Measurement(NamedTuple):
    """A row of a table of costs.

    Attributes
    ----------
    filters : int or None
        Of the layer, that were measured; None: all.
    utilisation : float
        Share of the processor's time that others took.
    energy_J, latency_s : float
        For one image.
    """

    filters: int | None
    utilisation: float
    energy_J: float
    latency_s: float


@dataclass(frozen=True, slots=True)
class File:
    """A file: a table (.csv) with the columns layer, energy_J and, if known, latency_s, both for one image; or a run
    that ``python -m simulator run`` wrote (.csv, .json, .h5), with its cycles. Without latencies, those of the closed
    forms stand in.

    A table may have rows for pools and other nodes of the network, and one for their sum (:data:`SUMS`), which is
    passed over. Columns ``bits`` and ``hardware``, where there are some, have to be those of the plan. With a column
    ``filters``, a layer may stand several times: each row says how many of its filters were measured; with a column
    ``utilisation``, each says which share of the processor's time others took.

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
    whole_layers = True

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        """See :meth:`partition.sources.base.EnergySource.costs`; each layer must stand in the file, once; or, where
        parts of layers were measured, or at several utilisations, once as a whole on an idle processor."""
        whole: dict[str, Measurement] = {}
        layers = {layer.name: layer for layer in network.layers}
        for name, rows in self.measurements(network, hardware).items():
            for row in rows:
                if row.utilisation == 0 and row.filters in (None, layers[name].F if name in layers else None):
                    whole[name] = row
        missing = [name for name in layers if name not in whole]
        if missing:
            raise self._error(f"layer {missing[0]} is missing", f"all layers of {network.name}")
        return Costs(
            energy_J={name: row.energy_J for name, row in whole.items()},
            latency_s={name: row.latency_s for name, row in whole.items()},
        )

    def measurements(self, network: Network, hardware: Hardware) -> dict[str, list[Measurement]]:
        """All rows of each layer, and of each other node that was measured.

        Parameters
        ----------
        network, hardware
            As for :meth:`costs`.

        Raises
        ------
        SourceError
            A row that cannot be, or two alike.
        """
        rows = self._table() if Path(self.name).suffix.lower() == ".csv" else self._run(hardware)
        layers = {layer.name: layer for layer in network.layers}
        # what is no layer but a node of the graph, such as a pool, may have costs; the image has none
        nodes = [name for name in graph_of(network).nodes if name != IMAGE]
        found: dict[str, list[Measurement]] = {}
        for where, row in rows:
            name = str(row.get("layer"))
            if name.lower().rstrip(" :") in SUMS and name not in nodes:
                continue
            if name not in nodes:
                expected = f"layers of {network.name}: {list_names(nodes)}, or total"
                raise self._error(f"{where}layer is {name!r}", expected)
            layer = layers.get(name)
            self._require_width(row, layer, hardware, where)
            filters, utilisation = self._part_of(row, layer, where)
            others = found.setdefault(name, [])
            if any((other.filters, other.utilisation) == (filters, utilisation) for other in others):
                raise self._error(f"{where}layer {name} stands twice", "each layer once")
            energy = self._number(row, "energy_J", where)
            # the closed forms' stands in for pools as for layers: they take no time there
            latency = 0.0 if layer is None else latency_s(layer, hardware) * (filters or layer.F) / layer.F
            if row.get("latency_s") not in (None, ""):
                latency = self._number(row, "latency_s", where)
            elif row.get("total_cycles") and row.get("images"):
                cycles, images = (self._number(row, column, where) for column in ("total_cycles", "images"))
                # cycles are of the batch; a table in which it is 0 is not worth a division by zero
                latency = cycles / hardware.core_hz / max(1.0, images)
            others.append(Measurement(filters, utilisation, energy, latency))
        return found

    def _part_of(self, row: Mapping[str, Any], layer: Layer | None, where: str) -> tuple[int | None, float]:
        """How many filters a row is of, and what others took of the processor."""
        filters, utilisation = None, 0.0
        # a run's own columns have other meanings: those of a table that a person wrote
        if Path(self.name).suffix.lower() == ".csv":
            if layer is not None and row.get("filters") not in (None, ""):
                number = self._number(row, "filters", where)
                if not number.is_integer() or not 1 <= number <= layer.F:
                    expected = f"filters of layer {layer.name}, from 1 to {layer.F}"
                    raise self._error(f"{where}filters is {row['filters']}", expected)
                filters = int(number)
            if row.get("utilisation") not in (None, ""):
                utilisation = self._number(row, "utilisation", where)
                if utilisation >= 1:
                    raise self._error(f"{where}utilisation is {row['utilisation']}", "a share from 0, below 1")
        return filters, utilisation

    def _require_width(self, row: Mapping[str, Any], layer: Layer | None, hardware: Hardware, where: str) -> None:
        """Refuse figures of words of another width, or of another hardware, if the row says of which it has them."""
        here = f"one on {hardware.name}, {hardware.b_w} bit, as here (--bits, --hardware)"
        if row.get("bits") not in (None, "") and self._number(row, "bits", where) != hardware.b_w:
            raise self._error(f"{where}bits is {row['bits']}", here)
        ran_on = row.get("hardware")
        if isinstance(ran_on, str) and ran_on and ran_on != hardware.name:
            raise self._error(f"{where}hardware is {ran_on}", here)
        # the closed forms' table has no column for it, but says how many MiB so many words are
        if layer is not None and row.get("rf_mib") and row.get("nonzero_macs"):
            words = layer.macs + 3 * self._number(row, "nonzero_macs", where)
            b_w = self._number(row, "rf_mib", where) * 2**20 * 8 / words
            if abs(b_w - hardware.b_w) > 0.5:
                raise self._error(f"{where}rf_mib is that of words of {b_w:.0f} bit", here)

    def _table(self) -> list[tuple[str, Mapping[str, Any]]]:
        def refuse(why: str) -> SourceError:
            return SourceError(f"{self.name}: {why}")

        expected = "a table of layers and joules"
        sheet = parse_sheet(
            read_text(Path(self.name), refuse, expected),
            refuse,
            expected,
            optional=lambda column: column not in REQUIRED,
        )
        for column in REQUIRED:
            if column not in sheet.headings:
                raise self._error(f"column {column!r} is missing", "columns layer, energy_J and maybe latency_s")
        return [(f"{where}: ", row) for where, row in sheet.rows]

    def _run(self, hardware: Hardware) -> list[tuple[str, Mapping[str, Any]]]:
        from traces.store import OldFileError, read_record

        try:
            record = read_record(Path(self.name))
            rows: list[tuple[str, Mapping[str, Any]]] = [("", dict(layer)) for layer in record["layers"]]
            ran_on = record["hardware"]
        except OSError as error:
            raise self._error(f"cannot be read ({error.strerror})", "a source of energies") from error
        except ChangedError as error:
            raise SourceError(f"{self.name}: {error}") from error
        except OldFileError as error:
            raise self._error(str(error), "a file of this version: run it again") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._error("is no run of the simulator", "a .json or .h5 that simulator run wrote") from error
        # an older file lacks fields that have come since: it ran on what they are by default
        if isinstance(ran_on, dict):
            ran_on = {f.name: f.default for f in fields(Hardware) if isinstance(f.default, str | int | float)} | ran_on
        # both as JSON has them, so that a list is not held to differ from a tuple
        if ran_on != json.loads(json.dumps(hardware.record())):
            of = f"{ran_on.get('name')}, {ran_on.get('b_w')} bit" if isinstance(ran_on, dict) else "no hardware"
            raise self._error(
                f"is a run on {of}", f"one on {hardware.name}, {hardware.b_w} bit, as here (--bits, --hardware)"
            )
        return rows

    def _number(self, row: Mapping[str, Any], column: str, where: str) -> float:
        try:
            said = row.get(column)
            # text in a table, numbers in a run
            value = real_number(said) if isinstance(said, str) else float(said)  # type: ignore[arg-type]  # refused
        except (TypeError, ValueError, OverflowError):
            value = math.nan
        # a nan is in no range
        if not 0 <= value <= LARGEST:
            raise self._error(f"{where}{column} is {row.get(column)!r}", f"a number from 0 to {LARGEST:g}")
        return value

    def _error(self, has: str, expected: str) -> SourceError:
        return SourceError(f"{self.name}: {has}; expected {expected}")
