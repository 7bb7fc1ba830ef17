"""Mixing real and synthetic images into a training set: `python benchmarks/mixing.py [rows]`.

So many real and so many synthetic images of CIFAR-10's size, 50,000 unless told, are made into a training set that is
ready for its first batch: by raysc, with the synthetic rows in memory, as in `pool: object_store`, or in the store's
Parquet, whose checksum is compared; and as it is done with files, by copying the PNG files of both into one folder and
zipping it. Making the rows and writing files beforehand is not timed. The last line says what the process holds of
arrays with the training set at hand, over the bytes of the rows.
"""

import shutil
import sys
import tempfile
import tracemalloc
import zipfile
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from PIL import Image

from raysc.models.training.batches import Batches
from raysc.pool.blocks import Block, MemoryBlock
from raysc.pool.mixing import mix
from raysc.pool.rows import Rows
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, exact, synthetic
from raysc.rng import Streams
from raysc.settings import Train
from raysc.store.objects import Objects
from raysc.store.parquet_rows import ParquetBlockStore

EVENT = (3, 32, 32)
BATCH = 128


def main(count: int) -> None:
    tracemalloc.start()
    # Smooth images, since noise takes PNG longer than photographs do.
    coarse = np.random.default_rng(0).integers(0, 256, (2, count, 3, 4, 4), np.uint8)
    real, made = coarse.repeat(8, axis=3).repeat(8, axis=4)
    del coarse
    seconds, held = ours(real, MemoryBlock("made", 0, made[None]))
    tracemalloc.stop()
    with tempfile.TemporaryDirectory() as folder:
        stored = ParquetBlockStore(Objects.open(folder), "rows").put(synthetic(0), (0,), 0, made[None])
        read = min(ours(real, stored)[0] for _ in range(3))  # the first time Arrow is loaded too
    with tempfile.TemporaryDirectory() as folder:
        theirs = files(Path(folder), real, made)
    print(f"{count:,} real and {count:,} synthetic rows of {EVENT}")
    print(f"raysc, first batch included       {seconds:9.3f} s   {theirs / seconds:,.0f} times quicker than files")
    print(f"the same, read back from Parquet  {read:9.3f} s   {theirs / read:,.0f} times")
    print(f"copying PNG files and zipping     {theirs:9.3f} s")
    print(f"held over the rows' bytes         {held / (real.nbytes + made.nbytes):9.3f}")


def ours(real: np.ndarray, made: Block) -> tuple[float, int]:
    """Seconds until the first batch is there, and bytes that are then held in arrays, the rows included."""
    began = perf_counter()
    sources = {
        REAL: Rows(REAL, (MemoryBlock("real", 0, real[None]),)),
        synthetic(0): Rows(synthetic(0), (made,)),
    }
    recipe = Mix().recipe(1, len(real), exact(1.0))
    training_set = mix(recipe, sources, (0,), 1, made.rows)
    batches = Batches(training_set, Train(batch=BATCH), 0, 1, Streams((0,), 1), torch.device("cpu"))
    first = batches(0)
    seconds = perf_counter() - began
    assert first.rows.shape == (BATCH, *EVENT)
    assert training_set.count == len(real) + made.rows
    return seconds, tracemalloc.get_traced_memory()[0]


def files(folder: Path, real: np.ndarray, made: np.ndarray) -> float:
    """Seconds for copying both folders of PNG files into one and zipping it."""
    sources = {"real": real, "made": made}
    for name, rows in sources.items():
        (folder / name).mkdir()
        for number, row in enumerate(rows):
            Image.fromarray(row.transpose(1, 2, 0)).save(folder / name / f"{number:05d}.png", compress_level=1)
    began = perf_counter()
    (folder / "mixed").mkdir()
    for name in sources:
        for file in (folder / name).iterdir():
            shutil.copyfile(file, folder / "mixed" / f"{name}{file.name}")
    with zipfile.ZipFile(folder / "mixed.zip", "w", zipfile.ZIP_STORED) as archive:
        for file in sorted((folder / "mixed").iterdir()):
            archive.write(file, file.name)
    return perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
