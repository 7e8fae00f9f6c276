"""The module of hashlib."""
