"""Autoencoders: a row is made from a latent vector in one pass."""
