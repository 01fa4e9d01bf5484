"""Open a page in a headless browser and say what it shows, how wide it is and what it complains of."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--v=0",
)  # fmt: skip

# The page itself runs no script, and a window cannot be as narrow as a phone: a frame can, and is asked from outside.
FRAME = """<!DOCTYPE html><title>frame</title>
<iframe id="page" style="border:0;width:{width}px;height:800px" srcdoc="{page}"></iframe><pre id="seen"></pre>
<script>
addEventListener("load", () => {{
  const frame = document.getElementById("page"), page = frame.contentDocument;
  for (const part of page.querySelectorAll("details")) part.open = true;
  const drawings = [...page.querySelectorAll("svg")];
  document.getElementById("seen").textContent = JSON.stringify({{
    view: frame.contentWindow.innerWidth, width: page.documentElement.scrollWidth,
    headings: [...page.querySelectorAll("h1, h2")].map(e => e.textContent),
    drawings: drawings.map(e => [e.getBoundingClientRect().width, e.getBoundingClientRect().height]),
    text: page.body.textContent.length,
  }});
}});
</script>"""


@dataclass(frozen=True)
class Seen:
    """What a browser made of a page."""

    facts: dict[str, Any]
    complaints: tuple[str, ...]


def browse(page: str, width: int) -> Seen:
    """Open a page in a frame of `width` pixels, every part unfolded."""
    assert BROWSER is not None
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "frame.html"
        frame.write_text(FRAME.format(width=width, page=html.escape(page)), encoding="utf-8")
        profile = f"--user-data-dir={Path(folder) / 'profile'}"
        done = subprocess.run(
            [BROWSER, *FLAGS, profile, "--dump-dom", frame.as_uri()],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    seen = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    assert seen is not None, done.stderr[-2000:]
    complaints = tuple(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return Seen(json.loads(html.unescape(seen.group(1))), complaints)
