"""``python -m partition glb``."""

import json

from tests.partition.commands.calls import partition


def test_glb_sizes() -> None:
    rows = json.loads(partition("glb", "alexnet", "--json", "-").stdout)["sizes"]
    assert min(rows, key=lambda row: row["energy_without_control_J"])["glb_kib"] == 88
    shown = partition("glb", "alexnet", "--rules", "published").stdout
    assert "a layer cannot be mapped" in shown
    assert "a layer cannot be mapped" not in partition("glb", "alexnet").stdout
    assert max(map(len, shown.splitlines())) <= 80
