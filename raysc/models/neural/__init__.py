"""What neural families share besides training: states and their files, sampling in blocks, devices."""
