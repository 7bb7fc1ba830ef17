"""The collapse profile: eight definitions of model collapse, judged for each cell."""
