"""What is wrong, and what to do about it, in words for the person at the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One looked-at matter. `advice` is empty when all is well."""

    level: Literal["good", "warning", "bad"]
    matter: str
    text: str
    advice: str = ""


class CannotStartError(RuntimeError):
    """`hujiao up` refuses to start; every finding says why and what to do."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(finding.text for finding in findings))
        self.findings = findings


def refuse(matter: str, text: str, advice: str) -> CannotStartError:
    return CannotStartError([Finding("bad", matter, text, advice)])
