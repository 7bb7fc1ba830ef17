"""Language models: networks, batches, sampling and files."""
