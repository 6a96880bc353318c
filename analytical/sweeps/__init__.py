"""Whole design spaces: a grid of networks, hardware, mappings and batches, and its points."""
