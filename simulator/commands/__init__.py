"""The commands of ``python -m simulator``, one module each: parse, call one function, format one result."""
