from raysc.cluster.versions import disagreement, versions


def test_every_package_that_affects_results_is_named() -> None:
    assert {"python", "raysc", "ray", "torch", "pyarrow", "numpy", "diffusers", "accelerate"} <= set(versions())
    assert "none" not in versions().values()


def test_text_packages_are_included_on_request() -> None:
    assert versions().items() < versions(text=True).items()
    assert set(versions(text=True)) - set(versions()) == {"transformers", "peft", "tokenizers"}
    assert disagreement(versions(), versions(text=True)) == ""


def test_differences_are_named_with_both_versions() -> None:
    expected = {"python": "3.11.7", "ray": "2.60.0", "torch": "2.13.0"}
    assert disagreement(expected, expected) == ""
    assert disagreement(expected, {**expected, "ray": "2.59.0"}) == "ray 2.59.0 instead of 2.60.0"
    assert disagreement(expected, {"python": "3.12.1", "ray": "2.60.0"}) == (
        "python 3.12.1 instead of 3.11.7, torch none instead of 2.13.0"
    )


def test_builds_for_other_devices_and_patches_of_python_agree() -> None:
    assert (
        disagreement({"python": "3.11.7", "torch": "2.13.0+cpu"}, {"python": "3.11.9", "torch": "2.13.0+cu126"}) == ""
    )
