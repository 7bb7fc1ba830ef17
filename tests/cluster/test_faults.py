"""A sweep whose processes are killed."""

from pathlib import Path

from benchmarks import faults

SMALL = faults.Size(generations=3, lambdas="[0.5]", qualities="[60]", seeds=1)


def test_killed_processes_lose_no_work_and_repeat_none(tmp_path: Path) -> None:
    counts = faults.run(tmp_path, kills=4, size=SMALL, random_seed=1)
    assert set(counts.kills) == set(faults.KINDS), "the driver, a trial, a rank, and a publishing process"
    assert counts.generations == counts.sweeps * (1 + 2 * SMALL.generations)
    assert counts.fits >= counts.generations
    assert counts.late == 0, "no published generation is fitted again"
    assert counts.broken == [], "no reader sees a partly published object"
    assert counts.reads > 0
    assert counts.unequal == 0, "the table is that of an undisturbed run, bit for bit"
