"""MFES: one surrogate for each resource, weighed by how well it orders the highest."""
