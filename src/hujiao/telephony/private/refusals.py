"""What can go wrong with the private tree, in words for the person at the terminal."""

from __future__ import annotations


class PrivateTreeError(RuntimeError):
    """The tree cannot be made or used; `advice` says what to do about it."""

    def __init__(self, message: str, *, advice: str) -> None:
        super().__init__(message)
        self.advice = advice
