from collections.abc import Callable
from typing import cast

import pytest

from raysc.cluster.trial import TrialInputs, WaveInputs, run_unit
from raysc.cluster.versions import versions
from raysc.errors import RayscError
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep


def test_a_node_with_other_versions_runs_no_trial(make_sweep: Callable[..., Sweep], gaussian_text: str) -> None:
    sweep, elsewhere = make_sweep(gaussian_text), Objects.open("s3://nowhere")
    wave = WaveInputs(sweep, elsewhere, {}, {**versions(), "diffusers": "0.1.0"})
    with pytest.raises(RayscError, match=r"node \S+ has diffusers \S+ instead of 0\.1\.0; install the same versions"):
        run_unit(cast(TrialInputs, None), wave, lambda columns: None)
