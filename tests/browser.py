"""A headless Chromium, controlled over the pipe of its DevTools protocol."""

import json
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--remote-debugging-pipe",
)  # fmt: skip
MOBILE_WIDTH = 500
"""Width in CSS pixels below which the browser emulates a phone."""


def browser_path() -> str | None:
    """Return the path of the browser, or None if this machine has none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One tab of a browser.

    Attributes:
        events: all events of the tab since the last ``open``.
    """

    def __init__(self, read: int, write: int) -> None:
        self._read = os.fdopen(read, "rb", buffering=0)
        self._write = os.fdopen(write, "wb", buffering=0)
        self._buffer = b""
        self._calls = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._calls += 1
        request = {"id": self._calls, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        self._write.write(json.dumps(request).encode() + b"\0")
        while (message := self._next_message()).get("id") != self._calls:
            self.events.append(message)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        result: dict[str, Any] = message["result"]
        return result

    def _next_message(self) -> dict[str, Any]:
        """Read one message: a response or an event."""
        while b"\0" not in self._buffer:
            chunk = self._read.read(1 << 20)
            if not chunk:
                raise RuntimeError("the browser ended")
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def open(self, page: Path, width: int, height: int = 900) -> None:
        """Open a file in a window of ``width`` by ``height`` CSS pixels, and wait until it is loaded."""
        self.events.clear()
        mobile = width < MOBILE_WIDTH
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next_message())

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression."""
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def console_errors(self) -> list[str]:
        """Return the errors and warnings of the console, and all exceptions."""
        errors = []
        for event in self.events:
            if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] in ("error", "warning"):
                errors.append(event["params"]["entry"]["text"])
            if event.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                errors.append(str(event["params"]))
        return errors

    def requests(self) -> list[str]:
        """Return the URLs of all requests, the page's included."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def screenshot(self, file: Path) -> None:
        """Write a PNG of the whole page."""
        image = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(b64decode(image["data"]))


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser with its files in a folder; the end of the block ends it."""
    path = browser_path()
    assert path is not None
    requests, responses = os.pipe(), os.pipe()

    def set_protocol_descriptors() -> None:
        """Give the browser its requests on file descriptor 3 and its responses on 4, as the protocol demands."""
        reading, writing = os.dup(requests[0]), os.dup(responses[1])
        os.dup2(reading, 3)
        os.dup2(writing, 4)

    process = subprocess.Popen(
        [path, *FLAGS, f"--user-data-dir={folder}"],
        preexec_fn=set_protocol_descriptors,
        pass_fds=(3, 4, requests[0], responses[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(requests[0])
    os.close(responses[1])
    try:
        yield Browser(responses[0], requests[1])
    finally:
        process.terminate()
        process.wait()
