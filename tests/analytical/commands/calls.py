"""The command line called."""

import subprocess
import sys


def analytical(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "analytical", *arguments], capture_output=True, text=True, check=False)
