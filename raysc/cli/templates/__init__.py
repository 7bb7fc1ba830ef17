"""Plug-ins that ``raysc init --plugin`` copies: a working file of each kind, and its test."""
