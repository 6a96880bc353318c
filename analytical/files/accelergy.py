"""Accelergy's files: a table of energies (ERT) as a price list, and prices and counts as its files.

Formats: https://github.com/Accelergy-Project/accelergy, version 0.4. Energies there are in picojoules.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analytical.checks import is_number
from analytical.counts import ALL_EVENTS, Action, Counts, Data, Event, Level
from analytical.energy import Accounting, joules_of_word
from analytical.hardware import Hardware
from analytical.technology import HardwareError

VERSION = "0.4"

PJ = 1e-12

MAC = "mac"

_OF_RF = {Data.IFMAP: "ifmap_spad", Data.FILTER: "weights_spad", Data.PSUM: "psum_spad"}
_OF_LEVEL = {Level.INTER_PE: "noc", Level.GLB: "shared_glb", Level.DRAM: "DRAM"}

_KNOWN = {
    "mac": ("mac", "intmac", "fpmac"),
    "ifmap_spad": ("ifmap_spad", "ifmap_rf", "input_spad", "input_rf"),
    "weights_spad": ("weights_spad", "weight_spad", "weights_rf", "filter_spad", "filter_rf"),
    "psum_spad": ("psum_spad", "psum_rf", "output_spad", "output_rf"),
    "rf": ("rf", "regfile", "spad", "scratchpad", "register_file"),
    "noc": ("noc", "inter_pe", "psum_noc"),
    "shared_glb": ("shared_glb", "glb", "global_buffer", "smartbuffer"),
    "DRAM": ("dram", "main_memory"),
}
"""Components by the names that tables give them, in lower case and without their place and number."""

_PRICES = {
    "ifmap_spad": "rf_ifmap",
    "weights_spad": "rf_filter",
    "psum_spad": "rf_psum",
    "rf": "rf",
    "noc": "inter_pe",
    "shared_glb": "glb",
    "DRAM": "dram",
}

_COMPUTES = ("compute", "mac_random", "mac")
_READS = ("read", "random_read", "transfer", "transfer_random")
_WRITES = ("write", "random_write", "transfer", "transfer_random")


def component_of(event: Event) -> tuple[str, str]:
    """The component of Accelergy's that an event belongs to, and its action.

    Examples
    --------
    >>> from analytical import counts as c
    >>> component_of(c.RF_FILTER_FILL), component_of(c.DRAM_OFMAP_WRITE), component_of(c.INTER_PE_PSUM)
    (('weights_spad', 'write'), ('DRAM', 'write'), ('noc', 'transfer'))
    """
    if event.level is Level.INTER_PE:
        return _OF_LEVEL[event.level], "transfer"
    component = _OF_RF[event.data] if event.level is Level.RF else _OF_LEVEL[event.level]
    return component, "write" if event.action in (Action.WRITE, Action.FILL) else "read"


def ert(hardware: Hardware) -> dict[str, Any]:
    """The prices of a hardware as an energy reference table.

    Parameters
    ----------
    hardware : Hardware

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> [table["name"] for table in ert(EYERISS_16BIT)["ERT"]["tables"]][:2]
    ['chip.mac', 'chip.ifmap_spad']
    """
    of_word = joules_of_word(hardware)
    tables: dict[str, dict[str, float]] = {MAC: {"compute": hardware.prices.mac}}
    for event in ALL_EVENTS:
        component, action = component_of(event)
        tables.setdefault(component, {})[action] = of_word[event]
    return {
        "ERT": {
            "version": VERSION,
            "tables": [
                {
                    "name": f"chip.{component}",
                    "actions": [
                        {"name": action, "arguments": {}, "energy": joules / PJ} for action, joules in actions.items()
                    ],
                }
                for component, actions in tables.items()
            ],
        }
    }


def action_counts(counts: Counts, accounting: Accounting = Accounting.CNNERGY) -> dict[str, Any]:
    """What happened, as counts of actions: what has a price under an accounting.

    Parameters
    ----------
    counts : Counts
    accounting : Accounting

    Examples
    --------
    >>> from analytical import counts as c
    >>> found = action_counts(Counts(nonzero_macs=7, events={c.RF_IFMAP_READ: 9, c.RF_IFMAP_FILL: 3}))
    >>> found["action_counts"]["local"]
    [{'name': 'chip.mac', 'action_counts': [{'name': 'compute', 'counts': 7.0}]}, \
{'name': 'chip.ifmap_spad', 'action_counts': [{'name': 'read', 'counts': 9.0}]}]
    """
    found: dict[str, dict[str, float]] = {MAC: {"compute": float(counts.nonzero_macs)}}
    for event in counts:
        if accounting.charges(event):
            component, action = component_of(event)
            of_component = found.setdefault(component, {})
            of_component[action] = of_component.get(action, 0.0) + float(counts[event])
    return {
        "action_counts": {
            "version": VERSION,
            "local": [
                {
                    "name": f"chip.{component}",
                    "action_counts": [{"name": action, "counts": number} for action, number in actions.items()],
                }
                for component, actions in found.items()
            ],
        }
    }


def as_yaml(tables: Mapping[str, Any]) -> bytes:
    """Tables as the content of a file.

    Raises
    ------
    HardwareError
        PyYAML is not installed.
    """
    _need_yaml()
    import yaml

    text: str = yaml.safe_dump(tables, sort_keys=False)
    return text.encode()


def read_ert(path: str | Path) -> dict[str, float]:
    """The prices of an energy reference table, in joules, by their names in :class:`analytical.technology.Prices`.

    Components are known by the ends of their names (``system.PE[0..167].ifmap_spad``, ``shared_glb[1..1]``), whatever
    the case; those that are none of a row-stationary chip's, such as networks and multiplexers, are left out.

    Parameters
    ----------
    path : str or Path
        A file as Accelergy 0.3 or 0.4 writes it.

    Raises
    ------
    HardwareError
        It is none, or has no MAC, no buffer or no DRAM.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from analytical.hardware import EYERISS_16BIT
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "ERT.yaml")
    ...     _ = path.write_bytes(as_yaml(ert(EYERISS_16BIT)))
    ...     found = read_ert(path)
    >>> math.isclose(found["rf_psum_read"], EYERISS_16BIT.prices.rf), "inter_pe" in found
    (True, True)
    """
    _need_yaml()
    import yaml

    expected = "an energy reference table of Accelergy (.yaml)"
    try:
        written = yaml.safe_load(Path(path).read_text(encoding="utf-8-sig"))
        tables = [(str(table["name"]), list(table["actions"])) for table in written["ERT"]["tables"]]
        energies = [
            (name, str(action["name"]).lower(), action["energy"]) for name, actions in tables for action in actions
        ]
    except OSError as error:
        raise HardwareError(f"{path}: cannot be read ({error.strerror}); expected {expected}") from error
    except (yaml.YAMLError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise HardwareError(f"{path}: has no ERT with tables; expected {expected}") from error
    found: dict[str, float] = {}
    for name, action, energy in energies:
        component = _component(name)
        if component is None:
            continue
        if not is_number(energy) or not math.isfinite(energy) or energy < 0:
            raise HardwareError(f"{path}: {name} {action} has the energy {energy!r}; expected picojoules")
        for price in _priced(component, action):
            # of several rows of one action the first one is without arguments, or as good as any
            found.setdefault(price, float(energy) * PJ)
    # one price of a word in an RF stands for those that no table has
    of_rf = [joules for price, joules in found.items() if price.startswith("rf_psum")]
    if "rf" not in found and of_rf:
        found["rf"] = of_rf[0]
    for level in ("glb", "dram"):
        ends = [found[f"{level}_{action}"] for action in ("read", "write") if f"{level}_{action}" in found]
        if ends:
            found[level] = ends[0]
    missing = [name for name in ("mac", "rf", "glb", "dram") if name not in found]
    if missing:
        names = ", ".join(dict.fromkeys(name for name, _, _ in energies)) or "none"
        raise HardwareError(f"{path}: has no {missing[0]} among its components ({names}); expected one of each")
    return found


def _component(name: str) -> str | None:
    last = re.sub(r"\[[^\]]*\]", "", name).rsplit(".", 1)[-1].lower()
    return next((component for component, names in _KNOWN.items() if last in names), None)


def _priced(component: str, action: str) -> list[str]:
    """Which prices an action of a component gives."""
    if component == MAC:
        return ["mac"] if action in _COMPUTES else []
    price = _PRICES[component]
    if price in ("rf", "inter_pe"):
        return [price] if action in (*_READS, *_WRITES) else []
    return [f"{price}_{which}" for which, actions in (("read", _READS), ("write", _WRITES)) if action in actions]


def _need_yaml() -> None:
    # the module is not handed on: ruff knows its functions, and refuses the unsafe ones, only where it is imported
    try:
        import yaml  # noqa: F401
    except ImportError as error:
        raise HardwareError(
            'Accelergy\'s files need PyYAML; expected pip install "eyeriss-neupart[timeloop]"'
        ) from error
