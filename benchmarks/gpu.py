"""The goals on a GPU, each beside its rival in one run.

    python benchmarks/gpu.py [ROW ...] [--repeats N] [--json FILE] [--small]

Rows: lm_train_gpt2, lm_train_llama, lm_sample, edm_train, edm_sample, compiling, points_ot; all of them if none is
named. raysc's part of a row are ``fit`` and ``sample`` of its families, with everything that they do before and after
their steps. A rival is plain use of a library, or a plain PyTorch loop around the same network at the same batch, of
whose seconds only the steps count. After a run of each for warm-up, all contenders of a row run in turn, with
synchronised clocks; the table has the medians. ``ratio`` is raysc's rate over the contender's; ``of ceiling`` is the
share of what the device does in matrix products of that precision (lm_sample: in copies), measured in the same run.

--small runs every row at tiny sizes, on a CPU too: it shows that the benchmark runs, and its figures mean nothing.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
import transformers

from benchmarks.gpu_rows.ceilings import measure_ceilings
from benchmarks.gpu_rows.compiling import compiling
from benchmarks.gpu_rows.images import edm_sample, edm_train
from benchmarks.gpu_rows.measuring import Row, default_device, release_memory, run_row
from benchmarks.gpu_rows.points import points_ot
from benchmarks.gpu_rows.text import lm_sample, lm_train_gpt2, lm_train_llama

MakeRow = Callable[[bool], Row]
"""small -> row."""
ROWS: dict[str, MakeRow] = {
    make.__name__: make
    for make in (lm_train_gpt2, lm_train_llama, lm_sample, edm_train, edm_sample, compiling, points_ot)
}
REPEATS, SMALL_REPEATS = 3, 1
NO_GPU = "benchmarks/gpu.py measures a GPU, and torch finds none here; --small runs every row at tiny sizes on a CPU"
GOAL_TEXTS = {"ratio": "ratio at least {:.3g}", "fraction": "{:.0%} of ceiling", "seconds": "at most {:.3g} s"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure rows, print the table and write the JSON file, anew after every row."""
    options = parse(arguments)
    if not options.small and not torch.cuda.is_available():
        sys.exit(NO_GPU)
    if options.small:
        torch.set_num_threads(1)  # networks this small gain nothing from more
    ceilings = measure_ceilings(options.small)
    report: dict[str, Any] = describe_machine() | {"small": options.small, "ceilings": ceilings, "rows": {}}
    print_machine(report)
    for name in options.rows or ROWS:
        report["rows"][name] = run_row(ROWS[name](options.small), options.repeats, ceilings)
        print_row(name, report["rows"][name], options.small)
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        release_memory()


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; values that cannot be used end the program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--repeats", type=int, help="measurements of each contender; default 3, with --small 1")
    parser.add_argument("--json", type=Path, default=Path("gpu.json"), help="file of the figures; default gpu.json")
    parser.add_argument("--small", action="store_true", help="tiny sizes, on a CPU too")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.rows if name not in ROWS]:
        parser.error(f"unknown row {unknown[0]}; take {', '.join(ROWS)}")
    if options.repeats is None:
        options.repeats = SMALL_REPEATS if options.small else REPEATS
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, not {options.repeats}")
    if not options.json.parent.is_dir():
        parser.error(f"--json: there is no folder {options.json.parent}; make it, or name another file")
    return options


def describe_machine() -> dict[str, Any]:
    """Return the names of the device and the versions that figures depend on."""
    on_gpu = default_device().type == "cuda"
    return {
        "device": torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if on_gpu else None,
        "transformers": transformers.__version__,
    }


def print_machine(report: Mapping[str, Any]) -> None:
    """Print the device, the versions, the ceilings and the head of the table."""
    ceilings = report["ceilings"]
    print(f"{report['device']}, torch {report['torch']}, CUDA {report['cuda']}, transformers {report['transformers']}")
    products = ", ".join(f"{name} {ceilings[name] / 1e12:.3g}" for name in ("fp32", "tf32", "bf16"))
    print(f"ceilings: matrix products {products} TFLOP/s; copies {ceilings['copy'] / 1e12:.3g} TB/s")
    if report["small"]:
        print("tiny sizes: these figures mean nothing")
    print(f"\n{'row':16}{'contender':38}{'median':>20}{'ratio':>8}{'of ceiling':>12}  goal")


def print_row(name: str, figures: Mapping[str, Any], small: bool) -> None:
    """Print the lines of a row: its contenders, its checks, and the rivals that are not run."""
    for contender in figures["contenders"]:
        value = f"{contender['rate']:,.4g} {figures['unit']}/s"
        if figures["shows"] == "seconds":
            value = f"{contender['seconds']:.3g} s"
        fraction = "" if contender["fraction"] is None else f"{contender['fraction']:.1%}"
        goals = "; ".join(describe_goal(goal, small) for goal in contender["goals"])
        line = f"{name:16}{contender['name']:38}{value:>20}{contender['ratio']:8.2f}{fraction:>12}  {goals}"
        print(line.rstrip())
    for check, figure in figures["checks"].items():
        print(f"{name:16}{check:38}{figure:20.4g}")
    for rival in figures["not_run"]:
        print(f"{name:16}not run: {rival}")
    sys.stdout.flush()  # a row may take minutes


def describe_goal(goal: Mapping[str, Any], small: bool) -> str:
    """Return a goal in words, with its verdict unless the sizes are tiny."""
    text = GOAL_TEXTS[goal["quantity"]].format(goal["bound"])
    return text if small else f"{text}: {'met' if goal['met'] else 'missed'}"


if __name__ == "__main__":
    main()
