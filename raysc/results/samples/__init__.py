"""Rows and models of published generations, and their export."""
