"""The benchmark of mitigations on the command line."""
