"""What flows: imported networks with values of their layers, tensors, the RLC code of the DRAM link, and files.

>>> import traces
>>> import analytical
>>> analytical.load_network("resnet8").trace
<trace of resnet8: 10 layers, 8 bit, 1 image>
"""

from typing import TYPE_CHECKING

from analytical.lazy import lazy_names

_HOMES = {
    "Trace": "traces.trace",
    "TraceError": "traces.trace",
    "import_onnx": "traces.importers.onnx",
    "import_table": "traces.importers.onnx",
    "read_trace": "traces.trace",
}
"""Public names, and the modules that have them, imported when a name is first used."""

__all__ = [*_HOMES]

if TYPE_CHECKING:
    from traces.importers.onnx import import_onnx as import_onnx
    from traces.importers.onnx import import_table as import_table
    from traces.trace import Trace as Trace
    from traces.trace import TraceError as TraceError
    from traces.trace import read_trace as read_trace

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
