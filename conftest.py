"""How many processes the tests run in."""

import pytest


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two for the whole suite; none beside pytest itself where somebody names tests, or rewrites what pages show.

    Workers would cost a few tests more time than they save, and two of them must not write one page.
    """
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return 2 if whole and not config.getoption("--update-shown") else 0
