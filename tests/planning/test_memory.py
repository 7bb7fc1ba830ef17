"""Sweeps that need more memory than there is are refused before anything is allocated."""

from collections.abc import Callable

import pytest

from raysc.errors import InputError
from raysc.planning import validation
from raysc.planning.resolved import resolve
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("data.rows=1000000000000", "data: 1,000,000,000,000 sampled rows would need about 16 TB of memory"),
        ("data.dim=1000000", "data: 1,000 held-out rows"),
        ("sample={rows: 100000000000}", "sample.rows: 100,000,000,000 sampled rows would need about 1.6 TB"),
        ("space={regime: mix, lambda: 1.0e+12}", "rows of the last fit would need about 320 TB"),
        ("space={regime: mix, lambda: 1.0e+300}", "the more than 1,000,000,000,000,000 rows of the last fit"),
        ("data.dim=20000", "data: a covariance matrix of 20,000 dimensions would need about 9.6 GB"),
    ],
)
def test_a_sweep_that_exceeds_the_memory_is_refused(
    make_sweep: MakeSweep, gaussian_text: str, override: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "memory_limit", lambda: 4 * 10**9)
    sweep = make_sweep(gaussian_text, override, "control=false")
    with pytest.raises(InputError) as caught:
        validation.validate(resolve(sweep))
    assert problem in str(caught.value)
    assert "this process may use 4 GB" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_batch_is_part_of_the_memory(
    make_sweep: MakeSweep, digits_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "memory_limit", lambda: 4 * 10**9)
    with pytest.raises(InputError, match=r"train\.batch: a batch of 1,000,000,000 rows would need about 256 GB"):
        validation.validate(resolve(make_sweep(digits_text, "train={batch: 1000000000}")))


def test_a_correction_holds_float_copies_of_the_rows(
    make_sweep: MakeSweep, gaussian_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "memory_limit", lambda: 4 * 10**9)
    corrected = "space={regime: mix, lambda: 1, curation: {name: corrected, strength: 1}}"
    sweep = make_sweep(gaussian_text, "data.rows=100000000", corrected)
    with pytest.raises(InputError, match=r"curation: the correction of 100,000,000 rows would need about 4\.8 GB"):
        validation.validate(resolve(sweep))
