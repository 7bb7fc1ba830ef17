"""What every component keeps to, as tests for the authors of plug-ins.

Subclass one of these in a test module of your own, say with a pytest fixture which component is meant, and pytest runs
the rest::

    class TestWindow(RegimeTests):
        @pytest.fixture
        def regime(self):
            return Window(width=3)

raysc's own components pass the same tests.
"""

from raysc.testing.datasets import DataSetTests
from raysc.testing.metrics import MetricTests
from raysc.testing.models import ClosedFormTests, TrainedTests
from raysc.testing.regimes import RegimeTests

__all__ = ["ClosedFormTests", "DataSetTests", "MetricTests", "RegimeTests", "TrainedTests"]
