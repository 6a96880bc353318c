"""Settings of the test suite."""

from hypothesis import HealthCheck, settings

# JIT compilation and simulations take their time; a test never fails on seconds
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")
