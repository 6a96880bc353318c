"""A hostile world: inputs of every kind, mutated, through the commands, and the law that each command keeps."""
