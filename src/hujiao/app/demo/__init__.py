"""A small synthetic day: callers who really call and agents who really answer, over SIP."""


def main() -> None:
    """The command `hujiao demo`."""
    from hujiao.app.demo.command import app

    app()
