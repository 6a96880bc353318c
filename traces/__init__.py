"""What flows: tensors, the RLC code in which they cross the DRAM link, and the files that keep them."""
