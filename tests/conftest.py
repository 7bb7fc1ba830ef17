"""Small stores, made by really running units in this process, without Ray."""

import gc
import io
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the models are tiny: more threads only get in each other's way
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a name that is not in the cache fails at once, not after retries
os.environ.setdefault("RAY_worker_niceness", "0")  # with Ray's 15, trials wait for the other tests to leave a core idle

import numpy as np
import pytest
from hypothesis import settings

from raysc import registry
from raysc.execution.in_process import context_in_process, run_unit
from raysc.execution.unit_context import UnitContext
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import Unit
from raysc.pool.block_store import BlockStore, MemoryBlockStore, digest
from raysc.pool.blocks import Block, MemoryBlock
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import Source
from raysc.store.objects import Objects
from raysc.store.parquet_rows import ParquetBlockStore
from raysc.store.publishing import Attempt
from raysc.sweepfile import Sweep, read_sweep

settings.register_profile("without deadlines", deadline=None)  # a busy machine takes its time
settings.load_profile("without deadlines")


def pytest_configure() -> None:
    """Leave out garbage collections while modules are imported and tests are collected."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Exempt modules and tests, which live to the end, from garbage collections: each would visit all of them."""
    gc.freeze()
    gc.enable()


GAUSSIAN = """\
name: small-gaussian
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 4}
space:
  - {regime: replace}
  - {regime: mix, lambda: [0.5, 2.0]}
seeds: 3
metrics: [frechet_distance, feature_variance]
"""
"""Four cells with the control, closed-form."""

DIGITS = """\
name: small-digits
data: {name: digits, rows: 24}
model: {name: flow_matching, width: 8, depth: 1}
initial: {steps: 4}
loop: {generations: 2, budget: {steps: 3}}
sample: {steps: 2}
train: {batch: 8, micro_batch: 8}
space: {regime: [mix, replace], lambda: 1.0, initial.steps: [2, 4]}
seeds: 2
metrics: [{name: frechet_distance, features: pixels}, {name: recall, features: pixels}]
"""
"""Six cells with two controls, trained; snapshots of one run. By the micro-batch, seeds train alone, as U-Nets do."""

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]


@pytest.fixture(scope="session")
def make_sweep(tmp_path_factory: pytest.TempPathFactory) -> MakeSweep:
    """A sweep from the text of its file and overrides, with everything that is registered."""

    def make(text: str, *overrides: str) -> Sweep:
        file = tmp_path_factory.mktemp("sweep") / "grid.yaml"
        file.write_text(text, encoding="utf-8")
        return read_sweep(str(file), overrides, registry)

    return make


@pytest.fixture(scope="session")
def run_sweep() -> RunSweep:
    """Run everything that a store lacks of a sweep, one unit after another."""
    return run_units


@pytest.fixture(scope="session")
def gaussian_text() -> str:
    return GAUSSIAN


@pytest.fixture(scope="session")
def digits_text() -> str:
    return DIGITS


@pytest.fixture(scope="session")
def gaussian_store(make_sweep: MakeSweep, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, Objects]:
    """A finished closed-form sweep; read it only."""
    return finished(make_sweep(GAUSSIAN), tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def digits_store(make_sweep: MakeSweep, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, Objects]:
    """A finished sweep of tiny trained models; read it only."""
    return finished(make_sweep(DIGITS), tmp_path_factory.mktemp("store"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, without settings from the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAYSC_STORAGE", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def public_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small models under the names of the public checkpoints that shipped sweeps begin with."""
    from tests import edm_pickles, unet_archives

    folder = tmp_path_factory.mktemp("checkpoints")
    for name, side in (("edm-cifar10-32x32-uncond-vp.pkl", 32), ("edm-ffhq-64x64-uncond-vp.pkl", 64)):
        network = edm_pickles.EDMPrecond(edm_pickles.song_unet(side, 4, (1,), 1, ()))
        edm_pickles.write_pickle(edm_pickles.contents(network), folder / name)
    unet_archives.saved(unet_archives.CFM_FILE, folder / "otcfm_cifar10_weights_step_400000.pt")
    unet_archives.saved(unet_archives.DDPM_FILE, folder / "cifar10_1000.pt")
    return folder


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory: pytest.TempPathFactory, public_checkpoints: Path) -> Path:
    """A folder with the images and checkpoints that shipped sweeps read: noise in the same formats."""
    import pickle  # torchvision's files are pickles
    import zipfile

    from PIL import Image

    from raysc.libraries.torchvision_compat import declare_missing_schemas

    declare_missing_schemas()
    from torchvision.datasets import CIFAR10

    folder = tmp_path_factory.mktemp("images")
    for checkpoint in public_checkpoints.iterdir():
        (folder / checkpoint.name).symlink_to(checkpoint)
    draws = np.random.default_rng(0)
    (folder / CIFAR10.base_folder).mkdir()
    for name, _ in [*CIFAR10.train_list, *CIFAR10.test_list]:
        rows = {"data": draws.integers(0, 256, (10, 3072), np.uint8), "labels": [0] * 10}
        (folder / CIFAR10.base_folder / name).write_bytes(pickle.dumps(rows))
    (folder / CIFAR10.base_folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["0"]}))
    with zipfile.ZipFile(folder / "ffhq-64x64.zip", "w") as archive:
        pixels = draws.integers(0, 256, (64, 64, 3), np.uint8)
        for number in range(1010):  # no image is a copy of another
            pixels[0, 0] = (*divmod(number, 256), 0)
            image = io.BytesIO()
            Image.fromarray(pixels).save(image, "png", compress_level=1)
            archive.writestr(f"{number:05d}.png", image.getvalue())
    return folder


@pytest.fixture
def image_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image_folder: Path) -> None:
    """In the places where shipped sweeps look for images and checkpoints: those of ``image_folder``."""
    from torchvision.datasets import CIFAR10

    monkeypatch.chdir(tmp_path)
    for path in image_folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.setenv("RAYSC_CACHE", str(tmp_path))
    monkeypatch.delenv("RAYSC_INCEPTION", raising=False)
    for listed in ("train_list", "test_list"):
        monkeypatch.setattr(CIFAR10, listed, [(name, None) for name, _ in getattr(CIFAR10, listed)])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": None})


class Hashed(MemoryBlockStore):
    """Rows that are lost with the process, and known by their digest: what Ray's object store is to a unit."""

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        return MemoryBlock((source, seeds, first), first, rows, digest(rows))


def finished(sweep: Sweep, folder: Path) -> tuple[Sweep, Objects]:
    objects = Objects.open(str(folder))
    run_units(sweep, objects)
    return sweep, objects


def run_units(sweep: Sweep, objects: Objects) -> None:
    for unit in make_plan(resolve(sweep), objects).units:
        run_unit(unit, partial(make_context, sweep, objects))


def make_context(sweep: Sweep, objects: Objects, unit: Unit) -> UnitContext:
    def block_store(attempt: Attempt) -> BlockStore:
        return ParquetBlockStore(objects, attempt.prefix) if sweep.pool == "parquet" else Hashed()

    return context_in_process(sweep, objects, unit, block_store)
