"""Any result as the table that a person wants."""

from functools import singledispatch
from typing import Any

from analytical.terminal.tables import people_console
from simulator.comparison.compare import Comparison
from simulator.result import NetworkResult
from simulator.silicon.validation import Validation
from simulator.tables.comparison import print_comparison
from simulator.tables.report import print_report
from simulator.tables.validation import print_validation


@singledispatch
def show(result: Any) -> None:
    """Print a result as a table: of :func:`simulator.run`, :func:`simulator.compare` or :func:`simulator.validate`.

    Raises
    ------
    TypeError
        It is none of these.

    Examples
    --------
    >>> show(3)
    Traceback (most recent call last):
    ...
    TypeError: int has no table; expected a NetworkResult, Comparison or Validation
    """
    raise TypeError(f"{type(result).__name__} has no table; expected a NetworkResult, Comparison or Validation")


@show.register
def _(result: NetworkResult) -> None:
    print_report(people_console(), result)


@show.register
def _(result: Comparison) -> None:
    print_comparison(people_console(), result)


@show.register
def _(result: Validation) -> None:
    print_validation(people_console(), result)
