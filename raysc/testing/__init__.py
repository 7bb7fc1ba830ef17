"""Conformance tests of components and storages, for the authors of plug-ins.

Each class tests one kind of component. Subclass it in a test module and give the fixtures that its docstring names;
pytest runs the tests that it inherits. A regime::

    class TestWindow(RegimeTests):
        @pytest.fixture
        def regime(self):
            return Window(width=3)

``StorageTests`` tests a storage, here a bucket that passes for a store if it keeps the guarantees on which publishing,
leases and garbage collection rely::

    class TestBucket(StorageTests):
        @pytest.fixture
        def objects(self):
            return Objects.open(f"s3://bucket/{uuid4().hex}")

raysc's own components and storages pass the same tests.
"""

from raysc.testing.curations import CurationTests
from raysc.testing.datasets import DataSetTests
from raysc.testing.metrics import MetricTests
from raysc.testing.models import ClosedFormTests, TrainedTests
from raysc.testing.regimes import RegimeTests
from raysc.testing.storage import StorageTests

__all__ = [
    "ClosedFormTests",
    "CurationTests",
    "DataSetTests",
    "MetricTests",
    "RegimeTests",
    "StorageTests",
    "TrainedTests",
]
