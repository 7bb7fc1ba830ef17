from collections.abc import Callable
from typing import cast

import pytest

from raysc.cluster.trial import Job, Shared, run_job
from raysc.cluster.versions import versions
from raysc.errors import RayscError
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep


def test_a_node_that_came_later_with_other_versions_runs_no_trial(
    make_sweep: Callable[..., Sweep], gaussian_text: str
) -> None:
    sweep, elsewhere = make_sweep(gaussian_text), Objects.at("s3://nowhere")
    shared = Shared(sweep, elsewhere, {}, {**versions(), "diffusers": "0.1.0"})
    with pytest.raises(RayscError, match=r"node \S+ has diffusers \S+ instead of 0\.1\.0; install the same versions"):
        run_job(cast(Job, None), shared, lambda columns: None)
