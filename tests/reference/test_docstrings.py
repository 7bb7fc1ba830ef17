from raysc.models.diffusion.ddpm import Ddpm
from raysc.reference.docstrings import attributes, summary
from raysc.settings import Initial, Sample, Train
from raysc.sweepfile.schema import SweepFile


class Window:
    """Rows of the last generations
    alone.

    Attributes:
        width: generations in the window; a long description
            goes on in an indented line: with a colon.
        from_: its first generation.

    Raises:
        InputError: nothing.
    """


def test_descriptions_are_those_of_the_section_with_their_further_lines() -> None:
    assert summary(Window) == "Rows of the last generations alone."
    assert attributes(Window) == {
        "width": "generations in the window; a long description goes on in an indented line: with a colon.",
        "from": "its first generation.",
    }


def test_descriptions_of_bases_are_kept() -> None:
    assert {"betas", "variance", "network", "width"} <= attributes(Ddpm).keys()


def test_every_setting_is_described() -> None:
    for section in (SweepFile, Initial, Train, Sample):
        assert section.model_fields.keys() <= {f"{name}" for name in attributes(section)} | {"from_"}
