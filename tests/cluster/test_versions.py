from raysc.cluster.versions import disagreement, versions


def test_every_package_that_matters_is_named() -> None:
    assert {"python", "raysc", "ray", "torch", "pyarrow", "numpy", "diffusers", "accelerate"} <= set(versions())
    assert "none" not in versions().values()


def test_libraries_of_text_are_named_where_there_is_text() -> None:
    assert versions().items() < versions(text=True).items()
    assert set(versions(text=True)) - set(versions()) == {"transformers", "peft", "tokenizers"}
    assert disagreement(versions(), versions(text=True)) == ""


def test_what_differs_is_named_with_both_versions() -> None:
    here = {"python": "3.11.7", "ray": "2.60.0", "torch": "2.13.0"}
    assert disagreement(here, here) == ""
    assert disagreement(here, {**here, "ray": "2.59.0"}) == "ray 2.59.0 instead of 2.60.0"
    assert disagreement(here, {"python": "3.12.1", "ray": "2.60.0"}) == (
        "python 3.12.1 instead of 3.11.7, torch none instead of 2.13.0"
    )


def test_builds_for_other_devices_and_patches_of_python_agree() -> None:
    assert (
        disagreement({"python": "3.11.7", "torch": "2.13.0+cpu"}, {"python": "3.11.9", "torch": "2.13.0+cu126"}) == ""
    )
