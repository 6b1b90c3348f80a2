"""The host agent: what this host is, hashed. Standard library only, Python 3.9 and later."""

__version__ = "0.1.0"
