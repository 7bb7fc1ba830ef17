"""The Ray session of a command: a connection to a cluster, or Ray started on this machine."""

import importlib
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import ray

from raysc.cluster import ray_compat
from raysc.errors import InputError

SLOW_IMPORTS = ("tensorboardX", "scipy.stats", "matplotlib.figure", "ray.tune.logger.tensorboardx")
"""Modules that Tune and the summary import; they are imported while Ray starts."""

CONNECT_SECONDS = 5.0
"""Seconds within which a cluster must accept a connection."""


@contextmanager
def running_ray(address: str | None) -> Iterator[None]:
    """Connect to a cluster, or start Ray on this machine, without Ray's own messages.

    A Ray that was started here is shut down at the end; one that ran before continues.

    Args:
        address: address of a cluster, as ``ray.init`` takes it; None: RAY_ADDRESS if it is set, else this machine.

    Raises:
        InputError: no cluster answers at the address.
    """
    ray_compat.set_session_switches()
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    starts_session = not ray.is_initialized()
    if starts_session:
        _check_connection(address)
        # The start of Ray is mostly waiting, so these imports cost no time.
        threading.Thread(target=_import, args=SLOW_IMPORTS, daemon=True).start()
        try:
            ray.init(
                address=address,
                include_dashboard=False if address == "local" else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except ConnectionError as error:
            raise _no_answer(address, error) from error
    try:
        yield
    finally:
        if starts_session:
            ray.shutdown()


def _check_connection(address: str) -> None:
    """Open and close a connection to host:port, if the address is of that form: Ray itself retries for many minutes."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "://" not in address:
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except OSError as error:
            raise _no_answer(address, error) from error


def _no_answer(address: str, error: OSError) -> InputError:
    reason = str(error).strip().partition("\n")[0]
    return InputError(
        f"no Ray cluster answers at {address} ({reason}); start it, or give another "
        "address with RAY_ADDRESS or --address; local means this machine"
    )


def _import(*modules: str) -> None:
    for module in modules:
        importlib.import_module(module)
