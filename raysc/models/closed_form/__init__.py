"""Families fitted by a formula, all seeds at once, with their mergeable statistics."""
