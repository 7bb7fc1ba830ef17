import pickle
from collections.abc import Sequence
from hashlib import sha256
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
        ({"path": "nowhere.txt"}, "nowhere.txt: there is no such file"),
        ({"hub": "nobody/nothing-of-that-name"}, "hf download nobody/nothing-of-that-name --repo-type dataset"),
        ({"path": "TEXTS", "column": "story"}, "line 1 has no text in 'story'; it has text"),
        ({"path": "TEXTS", "held_out": 5}, "held_out must be 1 to 4"),
        ({"path": "TEXTS", "held_out": 2, "rows": 4, "vocabulary": 300}, "rows cannot be 4"),
        ({"path": "TEXTS", "rows": 0}, "rows must be at least 1"),
        ({"path": "TEXTS", "length": 1}, "length must be at least 2"),
        ({"path": "TEXTS", "vocabulary": 256}, "vocabulary must be more than the 256 bytes"),
        ({"path": "TEXTS", "held_out": 1, "tokenizer": "no such model!"}, "there is no folder no such model!"),
    ],
)
def test_parameters_out_of_their_range_are_refused(tmp_path: Path, parameters: dict[str, Any], message: str) -> None:
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


@pytest.mark.parametrize("held_out_from", ["all/valid.txt", "all/held_out", "link"])
def test_held_out_files_within_the_folder_of_training_files_are_no_training_files(
    tmp_path: Path, held_out_from: str
) -> None:
    for name in ("train.txt", "valid.txt", "held_out/a.txt"):
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / name).write_text(f"{name} one\n\n{name} two")
    (tmp_path / "link").symlink_to("all/held_out")
    corpus = Text(path=str(tmp_path / "all"), held_out_from=str(tmp_path / held_out_from)).corpus()
    assert (len(corpus.train), len(corpus.test)) == (4, 2)
    assert not set(corpus.train) & set(corpus.test)
    with pytest.raises(InputError, match="held_out_from names all files of the training texts"):
        Text(path=str(tmp_path / "all"), held_out_from=str(tmp_path / "all")).corpus()


@pytest.mark.parametrize("held_out_from", [None, "test.txt"])
def test_lines_without_blank_lines_are_refused_as_one_text(tmp_path: Path, held_out_from: str | None) -> None:
    (tmp_path / "lines.txt").write_text("".join(f"Story {i}.\n" for i in range(20)))
    (tmp_path / "test.txt").write_text("Another story.")
    held_out = held_out_from and str(tmp_path / held_out_from)
    with pytest.raises(InputError, match=r"lines\.txt: one text; blank lines separate texts"):
        Text(path=str(tmp_path / "lines.txt"), held_out_from=held_out).corpus()


def test_texts_that_changed_since_the_plan_are_refused(tmp_path: Path) -> None:
    data = Text(path=write_texts(tmp_path, ".txt", TEXTS), held_out=1, vocabulary=300, length=8)
    data.fingerprint()
    pickled = pickle.dumps(data)
    pickle.loads(pickled).train((0,))
    write_texts(tmp_path, ".txt", [*TEXTS, "one more"])
    with pytest.raises(InputError, match="text: its texts changed after the sweep was planned"):
        pickle.loads(pickled).train((0,))


def test_long_words_are_in_the_fingerprint_since_their_tokenizer_differs(tmp_path: Path) -> None:
    def digests(texts: list[str]) -> tuple[str, str]:
        data = Text(path=write_texts(tmp_path, ".txt", texts), held_out=1, vocabulary=300, length=8)
        return data.fingerprint(), sha256(f"{data.corpus().digest} ".encode()).hexdigest()

    ordinary, long = digests(TEXTS), digests([*TEXTS, *("x" * 5000 + str(i) for i in range(2))])
    assert ordinary[0] == ordinary[1]
    assert long[0] != long[1]
