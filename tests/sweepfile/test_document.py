"""Documents from files, text and mappings."""

import sys
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysc import registry
from raysc.errors import InputError
from raysc.sweepfile import read_sweep, read_sweep_mapping, read_sweep_text
from raysc.sweepfile.document import document_from_mapping, parse_document, read_document

TEXT = """\
# The opening comment.
name: grid
data: {name: gaussian, rows: 20}
model: gaussian
loop: {generations: 4}
space: {regime: [replace, accumulate], data.dim: [1, 2]}
metrics: [trace_ratio]
"""

VALUES: dict[str, Any] = {
    "name": "grid",
    "data": {"name": "gaussian", "rows": np.int64(20)},
    "model": "gaussian",
    "loop": {"generations": 4},
    "space": {"regime": ("replace", "accumulate"), "data.dim": range(1, 3)},
    "metrics": ["trace_ratio"],
}


def test_a_missing_file_a_folder_and_binary_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.yaml: there is no such file"):
        read_document(str(tmp_path / "gone.yaml"))
    with pytest.raises(InputError, match="expected a sweep file, got a folder"):
        read_document(str(tmp_path))
    (tmp_path / "image.yaml").write_bytes(b"\xff\xfe\x00\x93")
    with pytest.raises(InputError, match="UTF-8"):
        read_document(str(tmp_path / "image.yaml"))
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(InputError, match="expected keys and values"):
        read_document(str(tmp_path / "list.yaml"))
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    with pytest.raises(InputError, match="expected keys and values"):
        read_document(str(tmp_path / "empty.yaml"))


def test_file_text_and_mapping_give_the_same_sweep(tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text(TEXT)
    sweep = read_sweep(str(file), ["seeds=3"], registry)
    from_text = read_sweep_text(TEXT, "grid.yaml", ["seeds=3"], registry)
    from_mapping = read_sweep_mapping(VALUES, ["seeds=3"], registry)
    for other in (from_text, from_mapping):
        assert (other.name, other.cells, other.seeds) == (sweep.name, sweep.cells, sweep.seeds)
        assert other.resolved == sweep.resolved
    assert from_text.comment == sweep.comment
    assert from_text.comment.startswith("The opening comment.")


def test_a_mapping_leaves_sys_path_unchanged() -> None:
    before = list(sys.path)
    read_sweep_mapping(VALUES, (), registry)
    assert sys.path == before


def test_a_text_without_a_name_is_named_after_its_path() -> None:
    text = TEXT.replace("name: grid\n", "")
    assert read_sweep_text(text, "folder/spread.yaml", (), registry).name == "spread"
    with pytest.raises(InputError, match="a sweep in a dict needs a name"):
        read_sweep_mapping({key: value for key, value in VALUES.items() if key != "name"}, (), registry)


def test_messages_name_the_text_or_the_dict() -> None:
    with pytest.raises(InputError, match=r"^store/sweep\.yaml, line 3: data\.rows: "):
        read_sweep_text(TEXT.replace("rows: 20", "rows: few"), "store/sweep.yaml", (), registry)
    with pytest.raises(InputError, match=r"^dict: data\.rows: "):
        read_sweep_mapping({**VALUES, "data": {"name": "gaussian", "rows": "few"}}, (), registry)


def test_a_mapping_becomes_plain_data_with_locations() -> None:
    document = document_from_mapping({"a": (1, np.float64(0.5)), "b": {"c": np.arange(2)}}, "dict")
    assert document.value == {"a": [1, 0.5], "b": {"c": [0, 1]}}
    assert [type(value) for value in document.value["a"]] == [int, float]
    assert set(document.locations) == {"a", "a.0", "a.1", "b", "b.c", "b.c.0", "b.c.1"}
    assert set(document.locations.values()) == {"dict"}
    assert document.keys_below("b") == ["b", "b.c", "b.c.0", "b.c.1"]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"a": float("nan")}, "dict: a: expected a finite number, got nan"),
        ({"a": [1, float("inf")]}, "dict: a.1: expected a finite number, got inf"),
        (
            {"a": {"b": object()}},
            "dict: a.b: expected a mapping, a list, text, a path, a number, a bool, None or a",
        ),
    ],
)
def test_other_values_in_a_mapping_are_refused(values: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        document_from_mapping(values, "dict")
    assert str(caught.value).startswith(problem)


def test_a_mapping_that_contains_itself_is_refused() -> None:
    values: dict[str, Any] = {}
    values["a"] = values
    with pytest.raises(InputError, match="nested more than 20 levels deep"):
        document_from_mapping(values, "dict")


def test_a_list_beyond_all_measure_is_refused_at_once() -> None:
    with pytest.raises(InputError, match=r"dict: seeds: expected at most 1,000,000 values in a list"):
        document_from_mapping({"seeds": range(10**20)}, "dict")


def test_the_opening_comment_ends_at_the_first_key() -> None:
    assert parse_document("# One.\n#\n# Two.\na: 1\n# Three.\n", "x.yaml").comment == "One.\n\nTwo."


def test_paths_fractions_and_decimals_become_plain_values() -> None:
    values = {
        "path": Path("folder"),
        "quarter": Fraction(1, 4),
        "two": Fraction(2),
        "tenth": Decimal("0.1"),
        "zero": -0.0,
    }
    document = document_from_mapping(values, "dict")
    assert document.value == {"path": "folder", "quarter": 0.25, "two": 2, "tenth": 0.1, "zero": 0.0}
    assert str(document.value["zero"]) == "0.0"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"a": Fraction(1, 3)}, "dict: a: 1/3 has no exact decimal"),
        ({"a": Decimal("NaN")}, "dict: a: expected a finite number, got NaN"),
        ({"a": b"bytes"}, "dict: a: expected a mapping, .* got bytes"),
        ({"a": {1, 2}}, "dict: a: expected a mapping, .* got set"),
        ({"a": 2**64}, r"dict: a: expected a whole number below 2\^63"),
        ({"a": {1: 2}}, "dict: a: expected a name as key, got 1"),
        ({None: 2}, "dict: expected a name as key, got None"),
    ],
)
def test_values_without_an_exact_form_in_a_sweep_file_are_refused(values: Mapping[Any, Any], problem: str) -> None:
    with pytest.raises(InputError, match=f"^{problem}"):
        document_from_mapping(values, "dict")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("漢" * 90, "at most 240 bytes in UTF-8; got 270"),
        ("n" * 101, "at most 100 characters; got 101"),
        ("results.", "cannot end with a dot"),
        ("NUL", "is a device"),
        ("con.v2", "is a device"),
        ("a b", "expected a plain folder name"),
        ("../a", "expected a plain folder name"),
        ("a\n", "expected a plain folder name"),
    ],
)
def test_a_name_that_is_no_folder_everywhere_is_refused(name: str, problem: str) -> None:
    with pytest.raises(InputError, match=f"^dict: name: .*{problem}"):
        read_sweep_mapping({**VALUES, "name": name}, (), registry)


def test_a_name_has_one_form_in_unicode() -> None:
    assert read_sweep_mapping({**VALUES, "name": "\u1112\u1161\u11ab"}, (), registry).name == "\ud55c"


def test_equal_numbers_are_one_cell_and_nearly_equal_ones_are_noted() -> None:
    zeros = {**VALUES, "space": {"regime": "mix", "lambda": [-0.0, 0, 0.0]}, "data": {"name": "gaussian", "dim": 1}}
    assert [cell.lambda_ for cell in read_sweep_mapping(zeros, ["control=false"], registry).cells] == [0.0]
    sums = {**zeros, "space": {"regime": "mix", "lambda": [0.1 + 0.2, 0.3]}}
    notes = read_sweep_mapping(sums, (), registry).notes
    assert any("lambda has values that differ by rounding only, 0.3 and 0.30000000000000004" in note for note in notes)
