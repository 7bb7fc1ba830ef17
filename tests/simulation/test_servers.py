"""The same promise on a folder, S3, Google Cloud Storage and Azure, whatever they answer to conflicts and deletions."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pytest

from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.table.table import load_table
from raysc.store import host
from raysc.store.host import LocalHost
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, Manifest
from raysc.sweepfile import Sweep
from raysc.testing import StorageTests
from tests.simulation.servers import DIALECTS, Bucket, serving

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
Server = tuple[Bucket, dict[str, str]]


class QuickHost(LocalHost):
    """The real host, with shorter pauses between requests that a bucket refuses."""

    def sleep(self, seconds: float) -> None:
        """Wait a tenth of the time."""
        time.sleep(seconds / 10)


@pytest.fixture(scope="module", autouse=True)
def _real_host() -> Iterator[None]:
    with host.use(QuickHost()):
        yield


@pytest.fixture(scope="module", params=["file", *DIALECTS])
def server(request: pytest.FixtureRequest) -> Iterator[Server | None]:
    if request.param == "file":
        yield None
        return
    with serving(request.param) as running:
        yield running


@pytest.fixture
def objects(
    request: pytest.FixtureRequest, server: Server | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Objects:
    if server is None:
        return Objects.open(str(tmp_path))
    for name, value in server[1].items():
        monkeypatch.setenv(name, value)
    return Objects.open(f"{request.node.callspec.params['server']}://bucket/{uuid4().hex}")


class TestStorage(StorageTests):
    """Conformance of each kind of storage."""


GrowSweep = Callable[[Objects, int], pd.DataFrame]
LAST = 3
"""Generations of the grown sweep."""


@pytest.fixture(scope="module")
def grow(make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str) -> GrowSweep:
    """Function that runs a sweep up to a generation, and returns its table."""

    def run(objects: Objects, generations: int) -> pd.DataFrame:
        overrides = ("seeds=1", "space.regime=mix", "space.initial.steps=2", "control=false")
        sweep = make_sweep(digits_text, *overrides, f"loop.generations={generations}")
        run_sweep(sweep, objects)
        assert make_plan(resolve(sweep), objects).units == ()
        table = load_table(resolve(sweep), objects)
        return table.drop(columns=[name for name in table.columns if str(name).startswith("seconds_")])

    return run


@pytest.fixture(scope="module")
def at_once(grow: GrowSweep) -> pd.DataFrame:
    """The table of the sweep that ran all generations at once."""
    return grow(Objects(f"memory:///{uuid4().hex}"), LAST)


@pytest.mark.slow
def test_a_sweep_grows_again_and_again(objects: Objects, grow: GrowSweep, at_once: pd.DataFrame) -> None:
    """A later process deletes the states that earlier ones have deleted; Google and Azure refuse to do so."""
    for generations in range(1, LAST + 1):
        table = grow(objects, generations)
    pd.testing.assert_frame_equal(table, at_once, check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("conflicts", [1, 3])
@pytest.mark.parametrize("late_seconds", [None, 0.02, 0.5])
def test_a_conflict_is_no_lost_race(
    conflicts: int, late_seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 answers 409, and the refused request may arrive later: the attempt is published once, with its files."""
    with serving("s3") as (bucket, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        objects = Objects.open(f"s3://bucket/{uuid4().hex}")
        attempt = Attempt.start(objects, "key/0/1-1")
        attempt.put("model/weights", b"of many hours")
        bucket.conflicts, bucket.late_seconds = conflicts, late_seconds
        assert attempt.publish("spans/key/0/1-1", {})
        assert bucket.conflicts < conflicts
        bucket.conflicts = 0
        time.sleep(late_seconds or 0)
        assert Manifest.read(objects, "spans/key/0/1-1").get("model/weights") == b"of many hours"
        assert not Attempt.start(objects, "key/0/1-1").publish("spans/key/0/1-1", {"by": "another"})
