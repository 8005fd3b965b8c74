"""The version of rung."""

VERSION = "0.1.0"
