"""Passwords: hashed and checked in threads, a few at a time."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from hujiao.identity.rules import normalised_password
from hujiao.kit.refusal import Unavailable

T = TypeVar("T")

THREADS = 2
MAX_WAITING = 200
"""About six seconds of work on one core; more sign-ins at once are told to try again."""

# OWASP's second recommendation for argon2id: 19 MiB, 2 passes, 1 lane.
MEMORY_KIB = 19_456
PASSES = 2
LANES = 1

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS = 3
GROUP_CHARS = 4


def generated_password() -> str:
    """59 random bits in groups that can be read out and typed: no 0, 1, i, l, o."""
    return "-".join(
        "".join(secrets.choice(ALPHABET) for _ in range(GROUP_CHARS)) for _ in range(GROUPS)
    )


def generated_secret() -> str:
    """A SIP password for a machine to keep: 120 random bits, letters and digits only."""
    return "".join(secrets.choice(ALPHABET) for _ in range(24))


class Passwords:
    """Owns the threads that hash. `close` when done."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB) -> None:
        self._hasher = PasswordHash(
            (Argon2Hasher(time_cost=PASSES, memory_cost=memory_kib, parallelism=LANES),)
        )
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="password")
        self._waiting = 0
        # Checked when the account does not exist, so that an answer takes the same time.
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Raises Unavailable when too many wait."""
        return await self._in_thread(partial(self._hasher.hash, normalised_password(password)))

    async def check(self, password: str, password_hash: str | None) -> tuple[bool, str | None]:
        """Whether it is the password, and a new hash when the old one is of weaker parameters.

        Without a hash the answer is no, after the same time. Raises Unavailable when too many wait.
        """
        right, better = await self._in_thread(
            partial(
                self._hasher.verify_and_update,
                normalised_password(password),
                password_hash or self._nobody,
            )
        )
        return (right, better) if password_hash else (False, None)

    async def _in_thread(self, work: partial[T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise Unavailable("Too many people sign in at once; try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
