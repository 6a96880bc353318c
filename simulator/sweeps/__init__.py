"""Whole design spaces through the machine: each layer run once, resumed where it stopped, on one computer or many."""
