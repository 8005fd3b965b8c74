"""The version of rung."""

__version__ = "0.1.0"
