"""The small network as a file."""

from tests.simulator.commands.conftest import network

__all__ = ["network"]
