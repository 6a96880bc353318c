"""Runs to look at: a timeline for Perfetto."""
