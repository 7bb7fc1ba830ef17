"""Training of neural families: the loop with Accelerate, packs of seeds, batches, memory and sharding."""
