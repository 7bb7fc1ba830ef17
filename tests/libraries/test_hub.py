"""Downloads from the hub that fail."""

import re
from typing import Any

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from raysc.errors import InputError
from raysc.libraries import hub


@pytest.mark.parametrize("error", [LocalEntryNotFoundError("no connection"), OSError("no connection")])
def test_a_hub_that_cannot_be_reached_is_an_input_error(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise error

    monkeypatch.setattr(hub, "snapshot_download", fail)
    with pytest.raises(InputError, match=re.escape("model.base: a/b is no folder")) as caught:
        hub.model_folder("a/b", "model.base", hub.WEIGHTS)
    assert "failed (no connection)" in str(caught.value)
    with pytest.raises(InputError, match="hf download a/b --repo-type dataset"):
        hub.data_folder("a/b", "data.hub", ["*.txt"])
