"""Fixtures and tools shared by the tests: real servers on free ports, callers, sound measures."""
