import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from raysc import registry
from raysc.cli import app
from raysc.cli.shipped import SCHEMA, copy_name, purpose, shipped
from raysc.sweepfile import read_sweep
from tests.cli.conftest import RunRaysc


def test_list_names_everything_that_is_registered_with_its_parameters(raysc: RunRaysc) -> None:
    out = raysc("list").out
    for room in registry.REGISTRIES:
        for name in registry.names(room):
            assert f"\n  {name}: " in out
            assert all(f"      {key} (" in out for key in registry.signature(room, name).parameters)
    assert "      network ('mlp' | 'unet' | 'ddpmpp' | 'cfm_unet', default 'mlp')\n" in out
    assert "      lambda (float, required)\n" in out
    assert "\n  quickstart: Does a small flow-matching model" in out


def test_list_shows_a_kind_or_a_name(raysc: RunRaysc) -> None:
    metrics = raysc("list", "metrics").out
    assert metrics.startswith("metrics\n")
    assert "\n  mix: " not in metrics
    mix = raysc("list", "mix").out.splitlines()
    assert mix[0] == "regimes"
    assert mix[1].startswith("  mix: ")
    objects = json.loads(raysc("list", "mix", "--json").out)
    assert objects["regime"]["mix"]["settings"] == ["lambda (float, required)"]
    assert "no such kind or name; did you mean 'mix'?" in raysc("list", "mixx").err
    unlike = raysc("list", "my_rules:Relay").err
    assert "no such kind or name; names are those that raysc list KIND prints, for a kind of data, model," in unlike
    assert len(unlike) < 300


def test_list_shows_the_sweep_files_of_a_folder_or_of_a_name(raysc: RunRaysc) -> None:
    assert raysc("list", "benchmark").out.count("\n  benchmark/v1/") == 5
    out = raysc("list", "gaussian").out
    assert out.startswith("data sets\n  gaussian: ")
    assert "\n  benchmark/v1/gaussian: " in out
    assert "\n  kazdan2024/gaussian: " in out


def test_list_groups_by_paper(raysc: RunRaysc) -> None:
    out = raysc("list", "papers").out
    assert out.startswith("papers, with what cites them\n")
    assert "\n  Bertrand et al. 2023: models: student_t\n      regimes: mix, real_only\n" in out
    kazdan = raysc("list", "kazdan").out
    assert "kazdan2024/gaussian" in kazdan
    assert "Bertrand" not in kazdan


def test_init_copies_a_shipped_file_to_edit(raysc: RunRaysc, here: Path) -> None:
    ran = raysc("init", "quickstart")
    assert (ran.status, ran.err) == (0, "")
    original = shipped()["quickstart"].read_text()
    assert (here / "quickstart.yaml").read_text() == original.replace("sweeps/quickstart.yaml", "quickstart.yaml")
    assert "raysc sweep quickstart.yaml" in ran.out


def test_init_copies_the_schema_that_the_file_names(raysc: RunRaysc, here: Path) -> None:
    raysc("init", "kazdan2024/gaussian")
    text = (here / "kazdan2024-gaussian.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=raysc.schema.json\n")
    assert "#     raysc sweep kazdan2024-gaussian.yaml\n" in text
    assert (here / "raysc.schema.json").read_text() == SCHEMA.read_text()


def test_no_two_copies_share_a_name() -> None:
    assert len({copy_name(name) for name in shipped()}) == len(shipped())


def test_init_never_overwrites(raysc: RunRaysc, here: Path) -> None:
    (here / "quickstart.yaml").write_text("mine")
    ran = raysc("init", "quickstart")
    assert ran.status == 2
    assert "quickstart.yaml" in ran.err
    assert (here / "quickstart.yaml").read_text() == "mine"


def test_init_where_nothing_can_be_written_says_so(raysc: RunRaysc, here: Path) -> None:
    here.rmdir()
    ran = raysc("init", "quickstart")
    assert (ran.status, ran.err) == (2, "raysc: quickstart.yaml: cannot be written: No such file or directory\n")
    here.mkdir()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("quikstart", "did you mean 'quickstart'?"),
        ("gaussian", "did you mean 'benchmark/v1/gaussian' or 'kazdan2024/gaussian'?"),
        ("x", "raysc list sweeps names all"),
    ],
)
def test_init_of_an_unknown_name_tells_the_nearest(raysc: RunRaysc, here: Path, name: str, near: str) -> None:
    ran = raysc("init", name)
    assert ran.status == 2
    assert ran.err == f"raysc: there is no sweep file {name!r}; {near}\n"
    assert list(here.iterdir()) == []


@pytest.mark.usefixtures("image_files")
@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_file_can_be_read_and_says_what_it_asks_and_its_command(name: str) -> None:
    file = shipped()[name]
    assert read_sweep(str(file), (), registry).cells
    assert purpose(file).endswith("?")
    assert f"#     raysc sweep sweeps/{name}.yaml" in file.read_text()


@pytest.mark.parametrize(
    ("words", "completions"),
    [("init qu", ["quickstart"]), ("list reg", ["regime", "regimes"]), ("resu", ["results"])],
)
def test_a_shell_completes_commands_and_names(
    words: str, completions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"COMP_WORDS": f"raysc {words}", "COMP_CWORD": str(1 + words.count(" "))}
    for name, value in {**variables, "_RAYSC_COMPLETE": "complete_bash"}.items():
        monkeypatch.setenv(name, value)
    ran = CliRunner().invoke(app, prog_name="raysc")
    assert ran.stdout.split() == completions
