"""Ray clusters for tests: a head in its own processes, with a private folder, and nodes that are added and killed."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from ray.util import get_node_ip_address

MARK = "RAYSC_TEST_CLUSTER"
"""Environment variable of every process of a cluster, so that these processes are ended and no others."""

NODE = "RAYSC_TEST_NODE"
"""Environment variable with the name of a node."""

START = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start"]
START_SECONDS = 600.0
"""Seconds within which a head must start."""

HEAD = "f" * 51 + "00000"
_EMPTY_LISTS = (
    *("setup_commands", "head_setup_commands", "worker_setup_commands", "initialization_commands"),
    *("head_start_ray_commands", "worker_start_ray_commands", "cluster_synced_files", "rsync_exclude", "rsync_filter"),
)
FAKE = "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider"


@dataclass(frozen=True)
class Head:
    """A running cluster.

    Attributes:
        address: for ``ray.init`` and ``--address``.
        folder: its temporary folder; logs are there.
        environment: environment of every process of the cluster.
    """

    address: str
    folder: Path
    environment: Mapping[str, str]

    def add_nodes(self, nodes: Mapping[str, Mapping[str, str]], *options: str) -> None:
        """Start nodes with ``ray start``; they end with the cluster.

        They start one after the other: nodes that start at once choose equal names for their sockets.

        Args:
            nodes: name -> variables that are added to the node's environment.
            options: options of all nodes.
        """
        arguments = [f"--address={self.address}", "--object-store-memory=100000000", *options]
        for name, added in nodes.items():
            environment = {**os.environ, **self.environment, NODE: name, **added}
            subprocess.run(
                [*START, f"--node-name={name}", *arguments], env=environment, check=True, capture_output=True
            )

    def kill_node(self, name: str) -> int:
        """Kill every process of a node, as if its machine were switched off; return their number."""
        processes = [process for process in self.processes() if node_of(process.pid) == name]
        for process in processes:  # all are suspended before one of them can report the loss of another
            process.suspend()
        for process in processes:
            process.kill()
        return len(processes)

    def processes(self, name: str = "") -> Iterator[psutil.Process]:
        """Yield the processes of the cluster whose command line contains ``name``."""
        for process in psutil.process_iter():
            try:
                belongs = process.environ().get(MARK) == self.environment[MARK]
                if belongs and name in " ".join(process.cmdline()):
                    yield process
            except psutil.Error:
                continue

    def end(self) -> None:
        """Kill every process of the cluster; repeated, since new ones may start meanwhile."""
        for _ in range(3):
            for process in self.processes():
                with suppress(psutil.Error):
                    process.kill()


def node_of(pid: int) -> str | None:
    """Return the name of the node that a process of this machine belongs to; None if it belongs to no added node."""
    try:
        return psutil.Process(pid).environ().get(NODE)
    except psutil.Error:
        return None


def free_port() -> int:
    """Return a port that no process uses at this moment."""
    with socket.socket() as listener:
        listener.bind(("", 0))
        return int(listener.getsockname()[1])


@contextmanager
def head(*options: str, environment: Mapping[str, str] | None = None, port: int | None = None) -> Iterator[Head]:
    """Run ``ray start --head`` with options; at the end, kill the processes of this cluster and no others."""
    folder = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))  # sockets' paths must be short
    port = port or free_port()
    env = {"RAY_AUTH_MODE": "disabled", "RAYSC_JOB": "tests", **(environment or {}), MARK: uuid4().hex}
    cluster = Head(f"{get_node_ip_address()}:{port}", folder, env)
    arguments = [
        "--head",
        "--block",
        f"--port={port}",
        f"--temp-dir={folder}",
        "--object-store-memory=100000000",
        "--disable-usage-stats",
    ]
    arguments.append(f"--dashboard-agent-listen-port={free_port()}")
    with (folder / "start.txt").open("w") as log:
        process = subprocess.Popen([*START, *arguments, *options], env={**os.environ, **env}, stdout=log, stderr=log)
    try:
        _wait_for(folder / "start.txt", process)
        yield cluster
    finally:
        cluster.end()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def autoscaling(types: Mapping[str, Mapping[str, Any]], idle_seconds: float = 3.0) -> Iterator[Head]:
    """Run a head that adds and removes nodes by itself, as in a cloud; the nodes are processes of this machine.

    Args:
        types: name of a worker type -> its resources, min_workers and max_workers.
        idle_seconds: idle time after which a node is removed.
    """
    port = free_port()
    provider = {"type": "external", "module": FAKE, "launch_multiple": True, "head_node_id": HEAD}
    config = {
        "cluster_name": "raysc-tests",
        "max_workers": sum(settings["max_workers"] for settings in types.values()),
        "idle_timeout_minutes": idle_seconds / 60,
        "upscaling_speed": 100.0,
        "provider": {**provider, "gcs_address": f"{get_node_ip_address()}:{port}"},
        "available_node_types": {
            "ray.head.default": {"resources": {"CPU": 0}, "max_workers": 0, "node_config": {}},
            **{name: {"node_config": {}, **settings} for name, settings in types.items()},
        },
        "head_node_type": "ray.head.default",
        **{key: [] for key in _EMPTY_LISTS},
        **{key: {} for key in ("auth", "docker", "file_mounts")},
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "autoscaling.yaml"
        file.write_text(json.dumps(config))  # JSON is YAML
        fake = {
            "RAY_FAKE_CLUSTER": "1",
            "RAY_enable_autoscaler_v2": "1",
            "RAY_CLOUD_INSTANCE_ID": HEAD,
            "RAY_OVERRIDE_NODE_ID_FOR_TESTING": HEAD,
            "AUTOSCALER_UPDATE_INTERVAL_S": "1",
        }
        with head(f"--autoscaling-config={file}", "--num-cpus=0", environment=fake, port=port) as cluster:
            yield cluster


def _wait_for(log: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while "Ray runtime started" not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Ray did not start: {log.read_text()}")
        time.sleep(0.1)
