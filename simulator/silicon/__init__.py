"""Measured silicon, and the machine beside it."""
