"""Mutated inputs: a reader reads an input or refuses it in one sentence. It raises no other error and always ends."""
