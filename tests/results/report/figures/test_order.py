from raysc.results.report.page import Report

SECTIONS = ["headline", "claims", "profile", "last", "stability", "curves", "samples", "rows", "time"]


def test_figures_are_in_the_order_of_the_page(gaussian_report: Report) -> None:
    assert [figure.name for figure in gaussian_report.figures] == [
        "curves-frechet_distance", "claims-forest", "stability-excess", "stability-slope", "curves-feature_variance",
        "samples", "rows", "time",
    ]  # fmt: skip
    figures = [gaussian_report.html.index(f'id="figure-{figure.name}"') for figure in gaussian_report.figures]
    assert figures == sorted(figures)


def test_sections_and_their_links_have_one_order(gaussian_report: Report) -> None:
    contents = gaussian_report.html[gaussian_report.html.index("<nav") :]
    for element in ('<section id="{}">', 'href="#{}"'):
        positions = [contents.index(element.format(name)) for name in SECTIONS]
        assert positions == sorted(positions)
