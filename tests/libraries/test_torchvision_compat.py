"""Import of torchvision with a CPU build of torch."""

import subprocess
import sys

import pytest
import torch

from raysc.libraries.torchvision_compat import declare_missing_schemas

pytestmark = pytest.mark.slow


def test_torchvision_can_be_imported_in_a_fresh_process() -> None:
    code = "from raysc.libraries.torchvision_compat import declare_missing_schemas as d; d(); import torchvision"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=300).returncode == 0


def test_declaring_twice_declares_once() -> None:
    assert declare_missing_schemas() is declare_missing_schemas()
    assert "nms" in dir(torch.ops.torchvision) or hasattr(torch.ops.torchvision, "nms")
