"""The module of arrow."""
