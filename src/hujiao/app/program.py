"""The entry of the long-running programs: `python -m hujiao.app.program floor|web|worker`.

What the supervisor starts again has to be there soon, so nothing is loaded here but the program.
"""

import atexit
import gc
import importlib
import os
import socket
import sys
import time

PROGRAMS = ("floor", "web", "worker")
SPARE_OF = "HUJIAO_SPARE_OF"
"""In a spare's environment: the socket at which the program answers that it stands in for."""
GIVES_WAY_S = 3.0
LOOKS_EVERY_S = 0.1


def run(name: str) -> None:
    """Load the program and be it."""
    gc.disable()  # nothing dies while modules load: a fifth of the start is saved
    entry = importlib.import_module(f"hujiao.app.{name}").main
    gc.freeze()  # nor ever after: the collector need not look at them again, which takes 0.1 s
    gc.enable()
    entry()


def end_at_once() -> None:
    """The system takes the memory back; the collector would look through it for seconds first."""
    atexit.register(gc.freeze)


def give_way(path: str) -> None:
    """When both have died, leave the processor to the other until it answers, for a short time."""
    deadline_s = time.monotonic() + GIVES_WAY_S
    while not answers(path) and time.monotonic() < deadline_s:
        time.sleep(LOOKS_EVERY_S)


def answers(path: str) -> bool:
    """Whether somebody listens at a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        try:
            door.connect(path)
        except OSError:
            return False
    return True


def main() -> None:
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in PROGRAMS:
        raise SystemExit(f"usage: python -m hujiao.app.program {'|'.join(PROGRAMS)}")
    end_at_once()
    if path := os.environ.get(SPARE_OF):
        give_way(path)
    run(name)


if __name__ == "__main__":
    main()
