"""Fixtures for all tests live in tests/harness; this file only makes them known."""

pytest_plugins = ["tests.harness.fixtures"]
