"""Look at a report in headless Chromium, wide and narrow: all diagrams are drawn, and the console says nothing.

python .ci/see_report.py report.html
"""

import re
import subprocess
import sys
from pathlib import Path

DIAGRAMS = 7
BROWSER = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--enable-logging=stderr", "--v=0", "--virtual-time-budget=10000"),
)


def see(page: Path, width: int) -> list[str]:
    """What is wrong with a page at a width."""
    seen = subprocess.run(
        [*BROWSER, f"--window-size={width},2600", "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    wrong = [line for line in seen.stderr.splitlines() if "CONSOLE" in line]
    drawn = len(re.findall(r"class=\"marks\"", seen.stdout))
    if drawn != DIAGRAMS:
        wrong.append(f"{drawn} diagrams are drawn; expected {DIAGRAMS}")
    for text in ("mJ an image, machine", "What changed from", "Settings, and what made this"):
        if text not in seen.stdout:
            wrong.append(f"{text!r} is not on the page")
    return wrong


if __name__ == "__main__":
    page = Path(sys.argv[1]).resolve()
    found = [f"{width} px: {wrong}" for width in (1280, 400) for wrong in see(page, width)]
    said = f"{page.name}: {DIAGRAMS} diagrams at 1280 and 400 px, no word on the console"
    sys.stdout.write(("\n".join(found) or said) + "\n")
    sys.exit(bool(found))
