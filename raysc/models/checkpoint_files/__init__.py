"""Public checkpoints of other programs: pickles and torch archives, read without running any code in them."""
