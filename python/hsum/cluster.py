"""The module of cluster."""
