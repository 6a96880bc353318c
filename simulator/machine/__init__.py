"""The machine: PEs, register files, GLB and DRAM link at work on a layer.

What happens here is counted here; nothing in this folder may import a closed form, which an import contract holds.
"""
