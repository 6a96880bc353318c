"""What happens over time in each layer of a run, at so many points: small enough for its JSON."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.machine.history import Cycles, History
from simulator.machine.layer_run import Wait
from simulator.machine.loop import FILTERS, IFMAP
from simulator.result import LayerResult
from traces.tensors import LayerTensors


class Series:
    """An observer that keeps, of each layer, what the PE array and the DRAM link do from point to point.

    Parameters
    ----------
    points : int
        How many, from the layer's start to its end.

    Attributes
    ----------
    by_layer : dict of str to dict
        ``cycles``: of the layer. Lists of as many values as points, each the share of the time from one point to the
        next: of ``array``, by what it does (``works``, ``waits: data`` and so on), and of ``link``, by what it moves.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.layer import Layer
    >>> from analytical.network import Network
    >>> from simulator.runner import run_network
    >>> from simulator.settings import Settings
    >>> network = Network("small", (Layer.conv("L", channels=1, size=6, filters=2, filter=3),))
    >>> series = Series(4)
    >>> _ = run_network(Settings(network=network, hardware=EYERISS_16BIT), history=series)
    >>> series.by_layer["L"]["cycles"], len(series.by_layer["L"]["array"]["works"])
    (147, 4)
    """

    def __init__(self, points: int) -> None:
        self._points = points
        self.by_layer: dict[str, dict[str, Any]] = {}

    def __call__(self, result: LayerResult, tensors: LayerTensors, history: History) -> None:
        """Keep a layer's."""
        del tensors
        # whole cycles: with fewer of them than points, some points have none
        edges = np.linspace(0, history.total, self._points + 1)
        passes, acts, fetches, backs = history.passes, history.acts, history.fetches, history.write_backs
        waited = acts.at > acts.asked
        waits = {
            Wait.DATA: (passes.ready, passes.start),
            Wait.ROOM: (acts.asked[waited], acts.at[waited]),
            Wait.WRITE_BACK: (passes.end, np.append(passes.ready[1:], history.total)),
        }
        shares = {f"waits: {wait.value.replace('_', ' ')}": _shares(*of, edges) for wait, of in waits.items()}
        works = _shares(passes.start, passes.end, edges) - shares["waits: room"]
        link = {
            name: _shares(fetches.start[of], (fetches.start + fetches.cycles)[of], edges)
            for name, of in (("filter", fetches.part == FILTERS), ("ifmap", fetches.part == IFMAP))
        } | {"ofmap": _shares(backs.start, backs.start + backs.cycles, edges)}
        self.by_layer[result.name] = {
            "cycles": history.total,
            "array": {name: _rounded(of) for name, of in ({"works": works} | shares).items()},
            "link": {name: _rounded(of) for name, of in link.items()},
        }


def _shares(starts: Cycles, stops: Cycles, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the time from each edge to the next that intervals, in order and apart from each other, cover."""
    if not starts.size:
        return np.zeros(len(edges) - 1)
    # all that is covered up to an edge: intervals that have ended, and the part of the one under way
    covered = np.concatenate([[0], np.cumsum(stops - starts)])
    begun = np.searchsorted(starts, edges, side="right")
    last = np.maximum(begun - 1, 0)
    under_way = np.clip(edges - starts[last], 0, (stops - starts)[last])
    up_to = np.where(begun > 0, covered[last] + under_way, 0.0)
    return np.asarray(np.diff(up_to) / np.diff(edges))


def _rounded(shares: NDArray[np.float64]) -> list[float]:
    return [round(float(share), 4) for share in np.clip(shares, 0, 1)]
