"""Commands of ``python -m traces``: one a module."""
