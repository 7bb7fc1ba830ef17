import socket

import pytest
import ray

from raysc.cluster.doctor import ray_answers
from raysc.cluster.session import START_ATTEMPTS, running_ray
from raysc.errors import InputError, RayscError


def test_an_address_without_a_cluster_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.socket() as bound:  # bound and not listening: no other process gets this port
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        with (
            pytest.raises(InputError, match=f"no Ray cluster answers at {address} .*RAY_ADDRESS"),
            running_ray(address),
        ):
            pytest.fail("there is no such cluster")
        finding = ray_answers(address)
    assert finding.broken
    assert address in finding.state


@pytest.mark.parametrize(
    ("message", "attempts"),
    [("The current node timed out during startup. This could happen", START_ATTEMPTS), ("no such resource", 1)],
)
def test_a_slow_start_of_ray_is_tried_again(monkeypatch: pytest.MonkeyPatch, message: str, attempts: int) -> None:
    starts = []

    def fail(**options: object) -> None:
        starts.append(options)
        raise Exception(message)

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", fail)
    with pytest.raises(RayscError, match=message), running_ray("local"):
        pytest.fail("Ray did not start")
    assert len(starts) == attempts
