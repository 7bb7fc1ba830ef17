"""Ray's job server: it accepts the token and refuses connections without it. Needs raysc[cluster]."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import RAYSC, table_of
from tests.heads import free_port, head
from tests.s3_server import S3

pytest.importorskip("aiohttp_cors", reason="Ray's job server needs ray[default]: pip install 'raysc[cluster]'")

SWEEP = """
name: submitted
data: {name: gaussian, rows: 20}
model: gaussian
loop: {generations: 2}
space: {regime: [replace, "own_mix:OwnMix"]}
control: false
metrics: [frechet_distance]
"""
PLUG_IN = "from raysc.regimes.mix import Mix\n\n\nclass OwnMix(Mix):\n    default_lambda = 1.0\n"


def test_a_sweep_is_submitted_with_the_token_and_refused_without(tmp_path: Path, s3: S3) -> None:
    file, store, port = tmp_path / "submitted.yaml", "s3://bucket/submitted", free_port()
    file.write_text(SWEEP)
    (tmp_path / "own_mix.py").write_text(PLUG_IN)
    settings = {
        **s3.environment,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "a" * 64,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    def run(**changed: str) -> "subprocess.CompletedProcess[str]":
        command = [*RAYSC, "sweep", str(file), "--storage", store, "--address", f"http://127.0.0.1:{port}"]
        environment = {**os.environ, **settings, **changed}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    options = ("--num-cpus=2", "--include-dashboard=true", f"--dashboard-port={port}")
    with head(*options, environment=settings):
        refused = run(RAY_AUTH_TOKEN="b" * 64)
        assert refused.returncode == 2, refused.stdout + refused.stderr
        assert "refuses connections without its token" in refused.stderr
        first = run()
        assert first.returncode == 0, first.stdout + first.stderr
        assert "submitted as job raysc-submitted-" in first.stdout
        assert "picture of the first metric: " in first.stdout
        assert "0 units to run" in run().stdout
    assert set(table_of(file, store)["regime"]) == {"replace", "own_mix:OwnMix"}
