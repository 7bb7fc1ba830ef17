from raysc.results.table.markup import latex, markdown


def test_markdown_keeps_bars_and_tags_as_words():
    told = markdown(["regime", "a|b"], [["mix", "1"], ["<b>\n", "2"]], left=["regime"])
    assert told == "| regime | a\\|b |\n| :-- | --: |\n| mix | 1 |\n| &lt;b>  | 2 |\n"


def test_latex_escapes_what_it_would_run():
    told = latex(["regime", "100 %"], [["frechet_distance", "1"], ["\\input{x}$^~#&<>", "2"]], left=["regime"])
    assert told.splitlines()[1:4] == ["\\begin{tabular}{lr}", "\\toprule", "regime & 100 \\% \\\\"]
    assert "frechet\\_distance & 1 \\\\" in told
    assert (
        "\\textbackslash{}input\\{x\\}\\$\\textasciicircum{}\\textasciitilde{}\\#\\&\\textless{}\\textgreater{}" in told
    )
    assert told.endswith("\\bottomrule\n\\end{tabular}\n")
