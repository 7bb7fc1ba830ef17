"""One generator that is set to many states draws what one generator for each would have drawn."""

import numpy as np

from raysc.streams import Streams


def test_streams_in_turn_are_the_streams_themselves() -> None:
    streams = Streams((5, -1, 5, 2**40), 7)
    for apart, shared in zip(streams.each("sample", 3, "row"), streams.in_turn("sample", 3, "row"), strict=True):
        np.testing.assert_array_equal(shared.standard_normal(5), apart.standard_normal(5))
        # A half used word of one stream is not left to the next.
        assert shared.integers(2**31, dtype=np.uint32) == apart.integers(2**31, dtype=np.uint32)
        np.testing.assert_array_equal(shared.permutation(20), apart.permutation(20))
