"""Diffusion models: DDPM and EDM, their noise schedules and samplers."""
