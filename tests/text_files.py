"""Files of texts for tests of text data sets."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TEXTS = ["Ein Bär läuft.", "狐は森へ行った。", "🦊🦊 fox", "plain words, plain words", "Юля идёт домой"]


def write_texts(folder: Path, ending: str, texts: Sequence[str], column: str = "text") -> str:
    """Write texts into a file of one of the formats and return its path."""
    file = folder / f"texts{ending}"
    if ending == ".txt":
        file.write_text("\n\n\n".join(texts), encoding="utf-8")
    elif ending == ".parquet":
        pq.write_table(pa.table({column: list(texts), "other": range(len(texts))}), file)
    else:
        open_text = gzip.open if ending.endswith(".gz") else open
        with open_text(file, "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps({column: text}) + "\n" for text in texts)
    return str(file)
