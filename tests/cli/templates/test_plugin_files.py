import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from raysc import registry
from raysc.cli.templates.plugin_files import PluginKind, class_name, setting
from tests.cli.conftest import RunRaysc

SWEEP = """\
data: "my_data:MyData"
model: "my_model:MyModel"
space: {regime: "my_regime:MyRegime"}
curation: "my_curation:MyCuration"
metrics: ["my_metric:MyMetric"]
loop: {generations: 2}
seeds: 2
"""


@pytest.mark.slow
def test_the_written_plug_ins_pass_their_written_tests_and_run_together(raysc: RunRaysc, here: Path) -> None:
    kinds = get_args(PluginKind)
    for kind in kinds:
        out = raysc("init", "--plugin", kind).out
        assert out.startswith(f"wrote my_{kind}.py and test_my_{kind}.py\n")
        assert setting(kind, f"my_{kind}") in out
        assert setting(kind, f"my_{kind}") in SWEEP
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "."]
    tests = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tests.returncode == 0, tests.stdout
    (here / "all.yaml").write_text(SWEEP)
    ran = raysc("sweep", "all.yaml", "--debug")
    assert (ran.status, ran.err) == (0, "")
    assert "generation 2: my_metric " in ran.out


def test_there_is_a_template_of_every_kind() -> None:
    assert set(get_args(PluginKind)) == set(registry.REGISTRIES)


def test_the_class_has_the_name_of_the_module(raysc: RunRaysc, here: Path) -> None:
    assert class_name("top_k_regime") == "TopKRegime"
    raysc("init", "--plugin", "regime", "top_k")
    assert "class TopK:" in (here / "top_k.py").read_text()
    assert "from top_k import TopK\n" in (here / "test_top_k.py").read_text()
    assert "emplates" not in (here / "test_top_k.py").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--plugin", "metric", "My-Metric"), "'My-Metric': a plug-in is named in lower case with underscores"),
        (("--plugin", "metric", "mine"), "test_mine.py exists here; move it away first"),
        ((), "raysc init needs the name of a sweep file"),
    ],
)
def test_what_cannot_be_written_is_refused(
    raysc: RunRaysc, here: Path, arguments: tuple[str, ...], message: str
) -> None:
    (here / "test_mine.py").write_text("")
    ran = raysc("init", *arguments)
    assert ran.status == 2
    assert message in ran.err
    assert [file.name for file in here.iterdir()] == ["test_mine.py"]
