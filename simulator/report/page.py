"""A run, or two side by side, as one HTML file that opens without a network."""

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analytical import __version__
from analytical.diagrams import drawing_library
from simulator.charts.draw import TITLES, chart
from simulator.charts.rows import DATA, RunData, changes, require_rows, table
from simulator.comparison.run_file import read_run
from traces.store import read_record

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 1180px; padding: 1em; color: #111; }
h1 { font-size: 1.35em; margin: 0.2em 0; } h2 { font-size: 1.1em; margin: 1.6em 0 0.4em; }
.figures { display: flex; flex-wrap: wrap; gap: 0.6em 2em; margin: 0.6em 0; }
.figures b { display: block; font-size: 1.5em; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr)); gap: 1em; }
.charts section { min-width: 0; } .charts .time { grid-column: 1 / -1; }
.chart { width: 100%; min-width: 0; overflow-x: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.92em; }
th, td { padding: 0.15em 0.7em; text-align: right; white-space: nowrap; border-bottom: 1px solid #ddd; }
th { cursor: pointer; } th:first-child, td:first-child { text-align: left; }
th[aria-sort]::after { content: " \\2195"; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1em; font-size: 0.9em; }
dd { margin: 0; overflow-wrap: anywhere; }
"""

_SCRIPT = """
for (const [place, spec] of Object.entries(SPECS))
  vegaEmbed("#" + place, spec, {actions: {export: true, source: false, compiled: false, editor: false}, ast: false});
for (const table of document.querySelectorAll("table.sorts"))
  table.querySelectorAll("th").forEach((head, column) => head.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") !== "descending";
    table.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => {
      const [x, y] = [key(a), key(b)], [p, q] = [Number(x), Number(y)];
      const order = Number.isNaN(p) || Number.isNaN(q) ? x.localeCompare(y) : p - q;
      return down ? -order : order;
    });
    table.tBodies[0].append(...rows);
  }));
"""


def load_runs(*paths: str) -> list[RunData]:
    """The runs of files, each with a name of its own.

    Raises
    ------
    RunFileError
        A file is no run.
    RunDataError
        It lacks what a report shows of each layer.
    """
    names = [Path(path).name for path in paths]
    if len(set(names)) < len(names):
        names = list(paths)
    runs = [
        RunData(name, read_run(path).title, read_record(Path(path))) for name, path in zip(names, paths, strict=True)
    ]
    for run in runs:
        require_rows(run)
    return runs


def page(runs: Sequence[RunData]) -> str:
    """The page.

    Parameters
    ----------
    runs : sequence of RunData
        One, or two.

    Raises
    ------
    ChartError
        Altair or vl-convert is not installed.
    """
    vl_convert = drawing_library("vl_convert")
    # what happens over time is there where a run was asked to keep it
    shown = [panel for panel in TITLES if any(DATA[panel](run) for run in runs)]
    # tests hold them valid; looking again would take a fifth of the time
    specs = {f"chart-{panel}": chart(panel, runs, titled=False).to_dict(validate=False) for panel in shown}
    library: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    title = " and ".join(dict.fromkeys(str(run.record["network"]) for run in runs))
    body = [f"<h1>{_text(title)}</h1>", *(_summary(run) for run in runs)]
    charts = [
        f'<section class="{panel}"><h2>{_text(said)}</h2><div class="chart" id="chart-{panel}"></div></section>'
        for panel, said in TITLES.items()
        if panel in shown
    ]
    body += ['<div class="charts">', *charts, "</div>"]
    if len(runs) == 2:
        body += [f"<h2>What changed from {_text(runs[0].name)} to {_text(runs[1].name)}</h2>", _table(changes(*runs))]
    body += [
        "<h2>Layers, for one image</h2>",
        _table([row for run in runs for row in table(run)], several=len(runs) > 1),
    ]
    body += ["<h2>Settings, and what made this</h2>", *(_settings(run) for run in runs)]
    # no part of the page may ask anybody for anything; Vega compiles its expressions
    policy = (
        "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"
    )
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>",
            *body,
            f"<script>{_inert(library)}</script>",
            f"<script>const SPECS = {_inert(json.dumps(specs))};{_SCRIPT}</script>",
            "</body></html>",
        ]
    )


def _text(said: object) -> str:
    return html.escape(str(said))


def _inert(script: str) -> str:
    """A script that does not end the element that it is in: the text of code stays as it is but for that."""
    return re.sub(r"<(/script|!--)", r"<\\\1", script, flags=re.IGNORECASE)


def _summary(run: RunData) -> str:
    energy, model = (
        sum(run.number(layer, name) for layer in run.layers) for name in ("energy_J", "analytical_energy_J")
    )
    takes, works = (
        sum(run.number(layer, name) / run.number(layer, "images") for layer in run.layers)
        / float(run.hardware["core_hz"])
        for name in ("total_cycles", "processing_cycles")
    )
    figures = {
        "mJ an image, machine": f"{energy * 1e3:.4g}",
        "mJ, model": f"{model * 1e3:.4g}",
        "ms an image": f"{takes * 1e3:.4g}",
        "ms of it at work": f"{works * 1e3:.4g}",
        "images a second": f"{1 / takes:.4g}" if takes else "",
    }
    cells = "".join(f"<div><b>{_text(value)}</b>{_text(name)}</div>" for name, value in figures.items())
    return f'<p>{_text(run.title)}</p><div class="figures">{cells}</div>'


def _table(rows: Sequence[dict[str, Any]], *, several: bool = True) -> str:
    if not rows:
        return "<p>No layer is in both runs.</p>"
    names = [name for name in rows[0] if several or name != "run"]
    # the layer first, whatever run it is of
    names.sort(key=lambda name: name != "layer")
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    lines = []
    for row in rows:
        cells = "".join(
            f'<td data-value="{row[name]!r}">{row[name]:.4g}</td>'
            if isinstance(row[name], float)
            else f"<td>{_text(row[name])}</td>"
            for name in names
        )
        lines.append(f"<tr>{cells}</tr>")
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<div class="scroll"><table class="sorts">{body}</table></div>'


def _settings(run: RunData) -> str:
    plain = {
        name: value
        for name, value in run.record.items()
        if name not in ("layers", "total", "table", "hardware", "mappings") and value is not None
    }
    said = {"file": run.name, **plain, "hardware": run.hardware, "report": f"version {__version__}"}
    items = "".join(
        f"<dt>{_text(name)}</dt><dd>{_text(value if isinstance(value, str) else json.dumps(value))}</dd>"
        for name, value in said.items()
    )
    return f"<dl>{items}</dl>"
