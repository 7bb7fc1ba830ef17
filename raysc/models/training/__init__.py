"""Training of neural families with Accelerate: batches, the optimiser loop, packs of seeds, memory."""
