"""The machine: a row-stationary PE array, its buffers and its DRAM link, stepped and counted."""
