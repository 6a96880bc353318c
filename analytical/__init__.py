"""CNNergy: the paper's notation and its closed-form energy model of a row-stationary accelerator."""

__version__ = "0.1.0"
