"""Compression: a network becomes another network, with fewer weights, smaller ones, or layers in two parts.

What comes out is a layer table like any other, which every command runs. No accuracy is computed, and none is claimed.
"""
