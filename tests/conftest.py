"""Settings of the test suite."""

import os

from hypothesis import HealthCheck, settings

# JIT compilation and simulations take their time; a test never fails on seconds
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# a change lands or not by what it does: CI draws the same examples each time, everybody else new ones
settings.register_profile("ci", settings.get_profile("project"), derandomize=True, database=None)
settings.load_profile("ci" if "CI" in os.environ else "project")
