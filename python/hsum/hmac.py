"""The module of hmac."""
