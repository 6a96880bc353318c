"""The commands of ``python -m analytical``, one module each."""
