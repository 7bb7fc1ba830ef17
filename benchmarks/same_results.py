"""Compares two versions of the code: a small sweep of each family, value by value and file by file.

    python benchmarks/same_results.py record before.json      # in a checkout of the older version
    python benchmarks/same_results.py record after.json       # in the newer one
    python benchmarks/same_results.py compare before.json after.json

A record holds each sweep's table (every column but the measured seconds, as exact text), the names of the published
spans and metric files, which contain all lineage, metric and content keys, and the SHA-256 of every model, training
state and Parquet file of rows. Both records are taken on one machine: floating-point results differ between processors.
"""

import json
import os
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

POINTS = "data: {name: eight_gaussians, rows: 96}\n"
DIGITS = "data: {name: digits, rows: 200}\n"
TRAINED = "initial: {steps: 12}\nloop: {generations: 2, budget: {steps: 6}}\nseeds: 2\n"
SPACE = "space:\n  - {regime: mix, lambda: 0.5}\n  - {regime: [replace, accumulate]}\n"

SWEEPS = {
    "gaussian": """
data: {name: gaussian, dim: 3, rows: 20}
model: gaussian
loop: {generations: 6}
space:
  - {regime: [mix, fresh], lambda: [0.5, 1.5], initial.rows: [8, 20]}
  - {regime: [replace, accumulate, accumulate_subsample]}
seeds: 7
metrics: [trace_ratio, det_ratio, mean_error, std_ratio, frechet_distance, mmd, nn_train_share]
""",
    "curated": """
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 4}
space: {regime: {name: curated, target: [0.5, 0], choices: 3}, lambda: [0.5, 1]}
seeds: 3
metrics: [trace_ratio, mean_error]
""",
    "counts": """
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 4}
space: {regime: {name: counts, real: 5, synthetic: 9}}
seeds: 3
metrics: [trace_ratio, mean_error]
""",
    "kde": """
data: {name: moons, rows: 30, noise: 0.05}
model: {name: kde, bandwidth: 0.3}
loop: {generations: 5}
space: {regime: [replace, accumulate, accumulate_subsample, mix], lambda: 1}
seeds: 5
metrics: [nll, second_moment, sliced_wasserstein, wasserstein]
""",
    "linear_regression": """
data: {name: linear, dim: 5, rows: 12}
model: linear_regression
loop: {generations: 5}
space: {regime: [replace, accumulate, mix], lambda: 1}
seeds: 5
metrics: [test_error]
""",
    "discrete": """
data: {name: categories, outcomes: 8, rows: 24}
model: discrete
loop: {generations: 30, until: {metric: entropy, below: 1e-8}}
space: {regime: [replace, mix], lambda: 1}
seeds: 5
metrics: [entropy, heterozygosity, outcomes_lost]
""",
    "ddpm": POINTS
    + TRAINED
    + SPACE
    + """
model: {name: ddpm, width: 16, depth: 2}
train: {batch: 32, ema: {half_life: 4}, clip: 1.0}
sample: {steps: 5}
metrics: [sliced_wasserstein, modes_covered, off_mode_mass, mode_share_distance]
""",
    "flow_matching": POINTS
    + TRAINED
    + SPACE
    + """
model: {name: flow_matching, width: 16, depth: 2, coupling: optimal_transport}
train: {batch: 32, ema: {half_life: 4}}
sample: {steps: 4, sampler: heun}
metrics: [sliced_wasserstein, kid, precision, recall, density, coverage]
""",
    "normalizing_flow": POINTS
    + TRAINED
    + SPACE
    + """
model: {name: normalizing_flow, width: 16, depth: 2}
train: {batch: 32}
metrics: [sliced_wasserstein, exact_duplicates, repeated_rows]
""",
    "edm-unet": DIGITS
    + TRAINED
    + SPACE
    + """
model: {name: edm, network: unet, channels: 8}
train: {batch: 16, ema: {half_life_rows: 64, rampup: 0.05}, ramp: {rows: 300}, augmentation: 0.1, dropout: 0.1}
sample: {steps: 3}
metrics: [frechet_distance, precision, recall, feature_variance]
""",
    "ddpm-unet": DIGITS
    + TRAINED
    + SPACE
    + """
model: {name: ddpm, network: unet, channels: 8, variance: learned}
train: {batch: 16, flips: true, schedule: cosine, warmup: 0.2}
sample: {steps: 4, sampler: ancestral}
metrics: [frechet_distance, kid]
""",
    "flow-mlp": DIGITS
    + TRAINED
    + SPACE
    + """
model: {name: flow_matching, network: mlp, width: 32}
train: {batch: 32, ema: {half_life: 4}}
sample: {steps: 4}
metrics: [frechet_distance, precision, recall]
""",
    "causal_lm": """
data: {name: stories, form: chat, rows: 60, length: 48}
model: {name: causal_lm, architecture: gpt2, width: 16, depth: 1, heads: 2}
initial: {steps: 40}
loop: {generations: 2, start: initial, budget: {epochs: 1}}
train: {batch: 16, lr: 5e-3, warmup: 0.05, clip: 1.0}
sample: {rows: 20, temperature: 0.9}
space: {regime: [replace, accumulate]}
seeds: 2
metrics: [cross_entropy, distinct_n, self_bleu, vocabulary_lost, repetition, copied_ngrams, length_gap]
""",
    "causal_lm-llama": """
data: {name: stories, rows: 60, length: 32}
model: {name: causal_lm, architecture: llama, width: 16, depth: 1, heads: 2}
initial: {steps: 30}
loop: {generations: 2, budget: {steps: 10}}
train: {batch: 8, lr: 5e-3}
sample: {rows: 16, prompt_tokens: 2, top_k: 20}
space: {regime: mix, lambda: 0.25}
seeds: 1
metrics: [cross_entropy, distinct_n]
""",
}
"""Sweep files without their names; each ends within seconds."""


def record(file: str, only: list[str]) -> None:
    """Run the sweeps in a fresh store and write what they gave."""
    results = {}
    for name in only or SWEEPS:
        with tempfile.TemporaryDirectory() as folder:
            results[name] = run(name, Path(folder))
        print(f"{name}: {len(results[name]['table'])} rows, {len(results[name]['files'])} files", flush=True)
    Path(file).write_text(json.dumps(results, indent=1))


def run(name: str, folder: Path) -> dict[str, Any]:
    """One sweep: its table as text, the names in its store, the digests of its files."""
    (folder / "sweep.yaml").write_text(f"name: {name}\n{SWEEPS[name]}")
    command = [sys.executable, "-c", "from raysc.cli import main; main()", "sweep", "sweep.yaml", "--storage", "store"]
    paths = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise SystemExit(f"{name} ended with status {ended.returncode}:\n{ended.stdout}\n{ended.stderr}")
    store = folder / "store"
    table = pd.read_parquet(store / "sweeps" / name / "table.parquet")
    table = table[[column for column in table.columns if not column.startswith("seconds")]]
    places = [path.relative_to(store) for path in sorted(store.rglob("*")) if path.is_file()]
    return {
        "table": [repr(row) for row in table.to_dict("records")],
        "names": [str(place) for place in places if place.parts[0] in ("spans", "metrics", "dropped", "artifacts")],
        # An attempt's folder ends with a random name; records.parquet holds measured seconds.
        "files": {
            without_attempt(place): sha256((store / place).read_bytes()).hexdigest()
            for place in places
            if place.parts[0] == "attempts" and place.name != "records.parquet"
        },
    }


def without_attempt(place: Path) -> str:
    """A file's place in the store without the random name of its attempt's folder."""
    return "/".join(part for part in place.parts if len(part) != 12 or not set(part) <= set("0123456789abcdef"))


def compare(before: str, after: str) -> int:
    """Print what differs of the sweeps in ``after``; the exit status is 1 if anything does."""
    old, new = (json.loads(Path(file).read_text()) for file in (before, after))
    differences = 0
    for name in new:
        for part in ("table", "names", "files"):
            if old.get(name, {}).get(part) != new[name][part]:
                differences += 1
                print(f"{name}: {part} differs")
    cells = sum(len(result["table"]) for result in new.values())
    files = sum(len(result["files"]) for result in new.values())
    print(f"{len(new)} sweeps, {cells} table rows, {files} files: {differences} differences")
    return int(differences > 0)


if __name__ == "__main__":
    if sys.argv[1] == "record":
        record(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(compare(sys.argv[2], sys.argv[3]))
