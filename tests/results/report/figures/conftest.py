"""Figures of a report by name."""

from collections.abc import Callable

import pytest

from raysc.results.report.figures.rendering import ReportFigure
from raysc.results.report.page import Report

FigureOf = Callable[[Report, str], ReportFigure]


@pytest.fixture(scope="session")
def figure_of() -> FigureOf:
    """Return the figure of a report with a name."""
    return lambda report, name: next(figure for figure in report.figures if figure.name == name)
