from raysc.results.table.markup import latex, markdown


def test_markdown_escapes_bars_and_tags() -> None:
    text = markdown(["regime", "a|b"], [["mix", "1"], ["<b>\n", "2"]], left=["regime"])
    assert text == "| regime | a\\|b |\n| :-- | --: |\n| mix | 1 |\n| &lt;b>  | 2 |\n"


def test_latex_escapes_special_characters() -> None:
    text = latex(["regime", r"100 \%"], [["frechet_distance", "1"], ["\\input{x}$^~#&<>", "2"]], left=["regime"])
    assert text.splitlines()[2:5] == ["\\begin{tabular}{lr}", "\\toprule", "regime & 100 \\% \\\\"]
    assert "frechet\\_distance & 1 \\\\" in text
    assert (
        "\\textbackslash{}input\\{x\\}\\$\\textasciicircum{}\\textasciitilde{}\\#\\&\\textless{}\\textgreater{}" in text
    )
    assert text.endswith("\\bottomrule\n\\end{tabular}\n")
