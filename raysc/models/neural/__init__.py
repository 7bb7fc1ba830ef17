"""Parts that the neural families share: states and their files, sampling in blocks, GPU settings."""
