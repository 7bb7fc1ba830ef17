"""Texts: plain, JSON Lines, gzipped JSON Lines and Parquet; tokenizers of models."""

import gzip
import json
from functools import partial
from io import BytesIO
from operator import itemgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from raysc.datasets.text.corpus import read_texts
from raysc.datasets.text.tokenizer import load_tokenizer, train_tokenizer
from raysc.machine.content_cache import empty_content_caches
from tests.fuzzing.byte_mutations import Mutate, mutate_bytes
from tests.fuzzing.image_inputs import PARQUET_WORDS, reader_of_files
from tests.fuzzing.kind import Kind, Sample
from tests.fuzzing.value_mutations import mutate_json
from tests.text_files import TEXTS

JSON_WORDS = (
    b'{"text": "a"}\n', b'{"text": null}\n', b'{"text": 3}\n', b'{"text": ["a"]}\n', b"[]\n", b'"\\ud800"',
    b"\xef\xbb\xbf", b"\xff\xfe", b"\r\n", b"\r", b"\x0c", b"\0", b"\\u0000", b"NaN", b"{", b"}", b"\xe2\x80\xa8",
    b"\x1f\x8b", b"\n\n", b"\x1b[31m",
)  # fmt: skip
TOKENIZER_WORDS = (
    b"model", b"vocab", b"merges", b"type", b"BPE", b"WordPiece", b"Unigram", b"WordLevel", b"added_tokens",
    b"decoder", b"ByteLevel", b"pre_tokenizer", b"Regex", b"pattern", b"(a+)+$", b"normalizer", b"id", b"content",
    b"<|end|>", b"auto_map", b"tokenizer_class", b"GPT2Tokenizer", b"LlamaTokenizer", b"eos_token", b"bos_token",
    b"AutoTokenizer", b"code--x.Y", b"chat_template",
)  # fmt: skip


def plain_texts(folder: Path) -> Kind:
    """Plain text files."""
    samples = ["\n\n".join(TEXTS).encode(), "\ufeffone\n\n\ntwo\r\n\r\nthree".encode()]
    return _kind("plain_texts", folder, ".txt", samples)


def json_lines(folder: Path) -> Kind:
    """JSON Lines."""
    return _kind("json_lines", folder, ".jsonl", [_json_lines(), _json_lines().replace(b"\n", b"\r\n")])


def gzipped_json_lines(folder: Path) -> Kind:
    """JSON Lines in gzip files."""
    samples = [gzip.compress(_json_lines(), mtime=0), gzip.compress(_json_lines(), 0, mtime=0)]
    return _kind("gzipped_json_lines", folder, ".jsonl.gz", samples)


def text_parquet(folder: Path) -> Kind:
    """Parquet files of texts."""
    samples = []
    for compression in ("snappy", "none", "gzip"):
        sink = BytesIO()
        pq.write_table(pa.table({"text": TEXTS, "other": range(len(TEXTS))}), sink, compression=compression)
        samples.append(sink.getvalue())
    return _kind("text_parquet", folder, ".parquet", samples)


def _kind(name: str, folder: Path, ending: str, samples: list[bytes]) -> Kind:
    read = reader_of_files(folder, ending, _read_texts)
    words = PARQUET_WORDS if ending == ".parquet" else JSON_WORDS
    return Kind(name, [Sample(data, read) for data in samples], words=words)


def _read_texts(file: str) -> object:
    texts = read_texts(Path(file), ("text",), itemgetter("text"))
    assert all(isinstance(text, str) and text.strip() and text.encode() for text in texts)
    return len(texts)


def _json_lines() -> bytes:
    return "".join(json.dumps({"text": text, "other": 1}) + "\n" for text in TEXTS).encode()


def tokenizers(folder: Path) -> Kind:
    """``tokenizer.json`` of a model's folder."""
    return _tokenizer_kind("tokenizers", folder, "tokenizer.json", mutate_json)


def tokenizer_bytes(folder: Path) -> Kind:
    """Bytes of ``tokenizer.json``."""
    return _tokenizer_kind("tokenizer_bytes", folder, "tokenizer.json", mutate_bytes)


def tokenizer_settings(folder: Path) -> Kind:
    """``tokenizer_config.json`` of a model's folder."""
    return _tokenizer_kind("tokenizer_settings", folder, "tokenizer_config.json", mutate_json)


def _tokenizer_kind(name: str, folder: Path, file: str, mutate: Mutate) -> Kind:
    model = folder / "model"
    train_tokenizer([text for text in TEXTS for _ in range(3)], 300).save(model)
    read = partial(_read_tokenizer, model / file, (model / file).read_bytes())
    return Kind(name, [Sample((model / file).read_bytes(), read)], False, mutate, TOKENIZER_WORDS)


def _read_tokenizer(file: Path, original: bytes, data: bytes) -> object:
    file.write_bytes(data)
    try:
        tokenizer = load_tokenizer(str(file.parent))
        return tokenizer.decode(tokenizer.encode(TEXTS, 12))
    finally:
        file.write_bytes(original)
        empty_content_caches()
