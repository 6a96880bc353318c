"""Diagrams of a run, from its record: rows of plain numbers, and what is drawn of them."""
