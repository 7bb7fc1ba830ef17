from uuid import uuid4

import pytest

from raysc.store.objects import Objects


@pytest.fixture
def memory() -> Objects:
    """An empty store in this process's memory."""
    return Objects(f"memory:///{uuid4().hex}")
