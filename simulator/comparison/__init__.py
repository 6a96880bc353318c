"""Runs beside each other: read from files, or made."""
