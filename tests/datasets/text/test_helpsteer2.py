import gzip
import json
from pathlib import Path

import pytest

from raysc.datasets.text.helpsteer2 import HelpSteer2
from raysc.errors import InputError


def test_rows_are_conversations_in_the_papers_format(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("validation", 2)):
        records = [{"prompt": f"q{i}", "response": f"r{i}", "helpfulness": 4} for i in range(count)]
        with gzip.open(tmp_path / f"{split}.jsonl.gz", "wt") as lines:
            lines.writelines(json.dumps(record) + "\n" for record in records)
    data = HelpSteer2(path=str(tmp_path), vocabulary=300, length=40)
    assert data.tokens.decode(data.train((0,))[0]) == [f"user: q{i}\nassistant: r{i}" for i in range(3)]
    assert len(data.test()) == 2


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has neither train\.jsonl\.gz nor train\.jsonl"):
        HelpSteer2(path=str(tmp_path)).corpus()
