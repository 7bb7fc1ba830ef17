"""Names of axes and metrics in figures and tables for papers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from raysc.metrics.core.metric import Column
from raysc.results.table.columns import main_columns, metric_columns
from raysc.results.table.markup import latex_text
from raysc.results.table.number_format import number_text
from raysc.sweepfile.sweep import Sweep

METRICS = {
    "frechet_distance": "Fréchet distance",
    "sliced_wasserstein": "sliced Wasserstein distance",
    "wasserstein": "Wasserstein distance",
    "kid": "KID",
    "mmd": "MMD",
    "nll": "NLL",
    "self_bleu": "self-BLEU",
    "nn_train_share": "share nearest to training rows",
}
"""Metrics whose name is more than their column's words."""
FORMULAS = {"lambda": r"$\lambda$"}
"""Axes that papers write as a symbol."""
ARROWS = {"lower": r"$\downarrow$", "higher": r"$\uparrow$"}


@dataclass(frozen=True)
class PaperNames:
    """Names as a paper has them: words for dotted names, formulas for the axes that have a label.

    Attributes:
        labels: axis or column -> name, with formulas between dollar signs: ``labels`` of the sweep file.
        usetex: LaTeX sets the text, so that its special characters are escaped in all other names.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    usetex: bool = False

    def axis(self, name: str) -> str:
        """Return the name of an axis: ``initial steps``, or its label."""
        return self.labels.get(name) or FORMULAS.get(name) or self.plain(name.replace(".", " ").replace("_", " "))

    def settings(self, names: Sequence[str], values: Sequence[object]) -> str:
        """Return the settings as one label, ``mix, d = 2``. Axes with the value None are left out."""
        texts = []
        for name, value in zip(names, values, strict=True):
            if value is not None:
                text = self.plain(number_text(value) if isinstance(value, float) else str(value).replace("_", " "))
                texts.append(text if name == "regime" else f"{self.axis(name)} = {text}")
        return ", ".join(texts)

    def metric(self, column: Column) -> str:
        """Return the name of a metric with its unit and an arrow to better values: ``Fréchet distance ↓``."""
        unit = f" ({self.plain(column.unit)})" if column.unit else ""
        return f"{self.column(column.name)}{unit} {ARROWS.get(column.better, '')}".rstrip()

    def column(self, name: str) -> str:
        """Return the name of a column: ``precision (pixels, k=5)``, or its label."""
        if name in self.labels:
            return self.labels[name]
        words, bracket, settings = name.partition("[")
        words = METRICS.get(words, words.replace("_", " "))
        return self.plain(f"{words} ({settings.removesuffix(']').replace(',', ', ')})" if bracket else words)

    def heading(self, name: str, sweep: Sweep) -> str:
        """Return the heading of a column of the tidy table: an axis, a metric with its arrow, or an excess."""
        columns = {column.name: column for column in metric_columns(sweep)}
        if name in sweep.cells[0].axes:
            return self.axis(name)
        if name in columns:
            return self.metric(columns[name])
        if name == f"{main_columns(sweep)[0].name}_excess":
            return "excess"
        metric, _, part = name.rpartition("_")
        if metric in columns:  # its floor or excess
            return f"{self.column(metric)} {part}"
        return self.plain(name.replace("_", " "))

    def plain(self, text: str) -> str:
        """Escape a text in which nothing is a formula."""
        return latex_text(text) if self.usetex else text.replace("$", r"\$")
