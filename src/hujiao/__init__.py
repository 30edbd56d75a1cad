"""Hujiao: a complete contact centre. See README.md."""
