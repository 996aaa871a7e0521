"""Make sure that the browser tests have a Chromium: `python -m tests.browser_setup`.

Looks for one on the PATH and for Playwright's own; else installs Debian's (as root with apt-get, as an ordinary user
unpacked under .venv/browser), else asks Playwright to download its own. Exit 1 with what to do when all fail.
"""

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

UNPACKED = Path(__file__).resolve().parent.parent / ".venv" / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-noto-cjk")


def find() -> str | None:
    """The path of a Chromium that starts, or None."""
    candidates = [os.environ.get("LAUREL_TEST_CHROMIUM"), *(shutil.which(name) for name in NAMES)]
    candidates += [str(UNPACKED / "chromium"), *sorted(glob.glob(_playwright_own()), reverse=True)]
    return next((path for path in candidates if path and _starts(path)), None)


def _playwright_own() -> str:
    home = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or str(Path.home() / ".cache" / "ms-playwright")
    return f"{home}/chromium*/chrome-linux*/*chrome*"


def _starts(path: str) -> bool:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def install() -> None:
    """Try each way in turn; the caller looks again."""
    if shutil.which("apt-get"):
        if os.geteuid() == 0:
            _run("apt-get", "update", "-qq")
            _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES)
        else:
            _unpack()
    if find() is None:
        _run(sys.executable, "-m", "playwright", "install", "chromium")


def _unpack() -> None:
    """Debian's packages without being root: apt with folders of our own, unpacked beside the virtual environment."""
    state, cache, root = (UNPACKED / name for name in ("state", "cache", "root"))
    for folder in (state / "lists" / "partial", cache / "archives" / "partial", root):
        folder.mkdir(parents=True, exist_ok=True)
    own = ["-o", f"Dir::State::Lists={state}/lists", "-o", f"Dir::Cache={cache}", "-o", "Debug::NoLocking=1"]
    _run("apt-get", *own, "update", "-qq")
    _run("apt-get", *own, "install", "-y", "-qq", "--no-install-recommends", "--download-only", *PACKAGES)
    for package in sorted((cache / "archives").glob("*.deb")):
        _run("dpkg", "-x", str(package), str(root))
    libraries = ":".join(str(path) for path in sorted(root.glob("usr/lib/*-linux-gnu")))
    start = UNPACKED / "chromium"
    program = root / "usr" / "lib" / "chromium" / "chromium"
    start.write_text(
        f'#!/bin/sh\nLD_LIBRARY_PATH="{libraries}" XDG_DATA_DIRS="{root}/usr/share:/usr/share" exec "{program}" "$@"\n'
    )
    start.chmod(0o755)


def _run(*command: str) -> None:
    subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def main() -> int:
    """0 when there is a browser in the end."""
    if find() is None:
        print("laurel: no Chromium found for the browser tests, installing one", flush=True)
        install()
    found = find()
    if found is None:
        print(
            "laurel: the browser tests need Chromium and none could be installed here."
            " Install it (Debian: apt-get install chromium) or name one in LAUREL_TEST_CHROMIUM.",
            file=sys.stderr,
        )
        return 1
    print(f"laurel: browser tests use {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
