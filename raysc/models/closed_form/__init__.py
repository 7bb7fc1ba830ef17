"""Closed-form families, fitted to all seeds at once, and their mergeable statistics."""
