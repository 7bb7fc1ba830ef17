from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from raysc.datasets.text.text import Text
from raysc.errors import InputError
from raysc.planning.resolved import resolve
from tests.conftest import MakeSweep
from tests.text_files import TEXTS, write_texts

SWEEP = """\
data: {{name: text, path: {path}, held_out: 1, vocabulary: 300, length: 12}}
model: {{name: causal_lm, width: 8, depth: 1, heads: 2}}
initial: {{steps: 2}}
loop: {{generations: 1, budget: {{epochs: 1}}}}
train: {{batch: 2}}
space: {{regime: replace}}
metrics: [exact_duplicates]
"""


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "exactly one of path and hub"),
        ({"path": "nowhere.txt"}, "nowhere.txt: expected a file that ends in .txt"),
        ({"hub": "nobody/nothing-of-that-name"}, "hf download nobody/nothing-of-that-name --repo-type dataset"),
        ({"path": "TEXTS", "column": "story"}, "record 1 has no text in 'story'; it has text"),
        ({"path": "TEXTS", "held_out": 5}, "held_out must be 1 to 4"),
        ({"path": "TEXTS", "held_out": 2, "rows": 4, "vocabulary": 300}, "rows cannot be 4"),
        ({"path": "TEXTS", "rows": 0}, "rows must be at least 1"),
        ({"path": "TEXTS", "length": 1}, "length must be at least 2"),
        ({"path": "TEXTS", "vocabulary": 256}, "vocabulary must be more than the 256 bytes"),
        ({"path": "TEXTS", "held_out": 1, "tokenizer": "no such model!"}, "there is no folder no such model!"),
    ],
)
def test_parameters_out_of_their_range_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    if parameters.get("path") == "TEXTS":
        parameters = parameters | {"path": write_texts(tmp_path, ".jsonl", TEXTS)}
    with pytest.raises(InputError) as error:
        Text(**parameters).train((0,))
    assert message in str(error.value)


def test_held_out_texts_can_come_from_another_file(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    path, held_out_from = write_texts(tmp_path, ".txt", TEXTS), write_texts(tmp_path / "test", ".txt", ["held out"])
    data = Text(path=path, held_out_from=held_out_from, vocabulary=300, length=40)
    assert data.count == 5
    assert data.tokens.decode(data.test()) == ["held out"]


def test_the_content_of_a_file_is_in_the_key_and_its_path_is_not(tmp_path: Path, make_sweep: MakeSweep) -> None:
    def key(folder: Path, texts: Sequence[str]) -> str:
        folder.mkdir()
        path = write_texts(folder, ".jsonl", texts)
        return resolve(make_sweep(SWEEP.format(path=path))).cells[0].keys.lineage

    first = key(tmp_path / "a", TEXTS)
    assert key(tmp_path / "b", TEXTS) == first
    assert key(tmp_path / "c", [*TEXTS, "one more"]) != first
