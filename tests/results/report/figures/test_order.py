from raysc.results.report.page import Report

SECTIONS = ["stability", "curves", "samples", "rows", "time"]


def test_figures_are_in_the_order_of_the_page(gaussian_report: Report) -> None:
    assert [figure.name for figure in gaussian_report.figures] == [
        "claims-forest", "stability-excess", "stability-slope", "curves-frechet_distance", "curves-feature_variance",
        "samples", "rows", "time",
    ]  # fmt: skip
    figures = [gaussian_report.html.index(f'id="figure-{figure.name}"') for figure in gaussian_report.figures]
    assert figures == sorted(figures)


def test_sections_and_their_links_have_one_order(gaussian_report: Report) -> None:
    for element in ('<section id="{}">', 'href="#{}"'):
        positions = [gaussian_report.html.index(element.format(name)) for name in SECTIONS]
        assert positions == sorted(positions)
