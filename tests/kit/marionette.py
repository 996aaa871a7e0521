"""As much of Firefox's own remote protocol as a test needs: open a page, run a script in it.

The protocol: https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html (a length, a colon, a JSON list).
"""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from tests import patience

PREFERENCES = {
    "marionette.port": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
}
"""No network: what would leave the machine ends at a port that nobody listens on."""


def find() -> str | None:
    """The path of a Firefox, or None."""
    return next((path for path in map(shutil.which, ("firefox-esr", "firefox")) if path), None)


class Firefox:
    """One headless Firefox with a profile in `folder`."""

    def __init__(self, path: str, folder: Path, **preferences: object) -> None:
        wanted = {**PREFERENCES, **preferences}
        lines = [f'user_pref("{name}", {json.dumps(value)});' for name, value in wanted.items()]
        (folder / "user.js").write_text("\n".join(lines) + "\n")
        self._process = subprocess.Popen(
            [path, "--headless", "--marionette", "--no-remote", "--profile", str(folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder), "MOZ_DISABLE_CONTENT_SANDBOX": "1"},
        )
        self._socket = self._connect(folder / "MarionetteActivePort")
        self._stream = self._socket.makefile("rb")
        self._number = 0
        self._read()
        self._call("WebDriver:NewSession", {})
        self._call("WebDriver:SetTimeouts", {"script": int(patience.SECONDS * 1000)})

    def _connect(self, port: Path) -> socket.socket:
        end = time.monotonic() + patience.SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", int(port.read_text())), timeout=2 * patience.SECONDS)
            except (OSError, ValueError):
                self._wait_a_moment()
        self._process.kill()
        raise RuntimeError("Firefox did not start")

    def _wait_a_moment(self) -> None:
        try:
            self._process.wait(0.1)
        except subprocess.TimeoutExpired:
            return

    def _read(self) -> Any:
        size = b""
        while not size.endswith(b":"):
            size += self._stream.read(1)
        return json.loads(self._stream.read(int(size[:-1])))

    def _call(self, name: str, parameters: dict[str, object]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, name, parameters]).encode()
        self._socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(f"{error['error']}: {error['message']}")
        return result

    def open(self, address: str) -> None:
        self._call("WebDriver:Navigate", {"url": address})

    def run(self, script: str, *arguments: object) -> Any:
        """What the body of an async function returns in the page."""
        body = (
            f"const done = arguments[arguments.length - 1]; (async function () {{ {script} }}).apply(null, arguments)"
        )
        body += '.then(done, error => done("failed: " + error + error.stack));'
        return self._call("WebDriver:ExecuteAsyncScript", {"script": body, "args": list(arguments)})["value"]

    def close(self) -> None:
        try:
            self._call("Marionette:Quit", {"flags": ["eForceQuit"]})
        except (RuntimeError, OSError, ValueError):
            self._process.kill()
        self._process.wait(patience.SECONDS)
        self._socket.close()
