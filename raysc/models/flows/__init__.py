"""Flow models: flow matching and normalizing flows."""
