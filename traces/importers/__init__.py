"""Readers of networks that other programs wrote: one module a format."""
