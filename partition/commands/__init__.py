"""The commands of ``python -m partition``, one module each: parse, call one function, format one result."""
