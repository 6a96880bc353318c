"""Measured figures of a bench."""

from pathlib import Path

PARTLY = """
source = "a bench"
chip = "mine"
network = "alexnet"
bits = 16
batch = 1

[layers.C5]
processing_latency_ms = 2.0

[layers.C4]
power_mW = 200
total_latency_ms = 5.0
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "silicon.toml"
    path.write_text(text)
    return str(path)
