"""The command `hujiao`."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from pydantic import ValidationError

from hujiao.app import program

app = typer.Typer(
    name="hujiao",
    help="Hujiao 呼叫: a contact centre in your own house.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def up() -> None:
    """Run everything on this machine until Ctrl-C."""
    from hujiao.app.up.run import up as run_up
    from hujiao.app.up.telling import Teller

    raise typer.Exit(run_up(Teller()))


@app.command()
def doctor() -> None:
    """Say in plain words what is wrong, and how to mend it."""
    from hujiao.app.up.doctor import examine, report

    raise typer.Exit(report(examine()))


@app.command()
def migrate() -> None:
    """Bring the database to the schema of this program."""
    from hujiao.app.places import database_url
    from hujiao.app.settings import Settings
    from hujiao.migrations.run import migrate as run_migrations

    run_migrations(database_url(Settings()))


@app.command()
def floor() -> None:
    """Run call control and routing."""
    program.run("floor")


@app.command()
def web() -> None:
    """Run the HTTP API, the browsers' sockets and the screens."""
    program.run("web")


@app.command()
def worker() -> None:
    """Run background jobs: recordings, rollups, exports."""
    program.run("worker")


@app.command()
def restart(
    what: str = typer.Argument("all", help="floor, web, worker, or all of them."),
) -> None:
    """Restart the running programs one after another; calls go on."""
    from hujiao.app.settings import Settings
    from hujiao.app.up.restart import RestartError
    from hujiao.app.up.restart import restart as restart_programs

    kinds = ("worker", "web", "floor")
    if what != "all" and what not in kinds:
        raise typer.BadParameter(f"choose one of {', '.join(kinds)} or all")
    chosen = kinds if what == "all" else (what,)
    try:
        restart_programs(chosen, Settings(), lambda name: typer.echo(f"{name} ..."))
    except OSError:
        typer.echo("Nothing runs on this data folder; start it with: hujiao up", err=True)
        raise typer.Exit(1) from None
    except RestartError as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None


@app.command()
def console(words: str, node: str = "n1") -> None:
    """Ask a running Asterisk's console, for example: hujiao console "core show channels"."""
    from hujiao.app.up.consoles import asterisk_console

    try:
        asterisk_console(words, node)
    except KeyError:
        typer.echo(f"No Asterisk called {node} runs on this machine.", err=True)
        raise typer.Exit(1) from None


@app.command()
def psql() -> None:
    """Open the database in PostgreSQL's terminal."""
    from hujiao.app.up.consoles import database_console

    database_console()


@app.command()
def backup(
    target: Path = typer.Argument(help="A folder of backups, or one file that ends in .tar"),
    keep: int = typer.Option(0, min=0, help="How many backups stay in the folder; 0: all."),
) -> None:
    """Back up everything while it runs: database, recordings, sounds, secrets."""
    from hujiao.app.backup.telling import tell_backup

    raise typer.Exit(tell_backup(target, keep or None))


@app.command()
def restore(source: Path = typer.Argument(help="A backup: its folder, or its .tar file")) -> None:
    """Put a backup back into an empty data folder (HUJIAO_DATA)."""
    from hujiao.app.backup.telling import tell_restore

    raise typer.Exit(tell_restore(source))


ledger = typer.Typer(name="ledger", help="The one source of every number.", no_args_is_help=True)
app.add_typer(ledger)


@ledger.command("verify")
def ledger_verify(
    since: str = typer.Option(
        "24h", help="90m, 24h or 7d ago, or a date or time: 2026-01-31T08:00"
    ),
    until: str = typer.Option("now", help="The same; now when not given."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line, the sum last."),
) -> None:
    """Hold ledger, call list, live channels and recordings against each other; 1 on differences."""
    import asyncio

    from hujiao.app.settings import Settings
    from hujiao.app.verify.model import Period
    from hujiao.app.verify.run import moment_ms, told
    from hujiao.kit.log import configure

    configure("ledger", level="error")
    try:
        period = Period(moment_ms(since), moment_ms(until))
    except ValueError as failure:
        raise typer.BadParameter(f"{failure}; write 24h, 7d or 2026-01-31T08:00") from failure
    raise typer.Exit(asyncio.run(told(Settings(), period, as_json=as_json)))


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    }
)
def demo(context: typer.Context) -> None:
    """Let synthetic callers call and synthetic agents answer, on a running installation."""
    sys.argv = ["hujiao demo", *context.args]
    program.run("demo")


nodes = typer.Typer(
    help="The nodes of the switch: what each does, and taking one out of use.", no_args_is_help=True
)
app.add_typer(nodes, name="node")


@nodes.command("list")
def list_nodes() -> None:
    """Say of each node whether it is connected and draining, and how many calls it has."""
    from hujiao.app.nodes import told_nodes

    raise typer.Exit(told_nodes())


@nodes.command()
def drain(node: str) -> None:
    """Put no new calls on a node; those it has go on. It stays so until it is resumed."""
    from hujiao.app.nodes import put_draining

    raise typer.Exit(put_draining(node, on=True))


@nodes.command()
def resume(node: str) -> None:
    """Put calls on a drained node again."""
    from hujiao.app.nodes import put_draining

    raise typer.Exit(put_draining(node, on=False))


def main() -> None:
    """Settings that make no sense are told in plain words, not as a traceback."""
    program.end_at_once()
    try:
        app()
    except ValidationError as failure:
        for problem in failure.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper() or "SETTINGS"
            typer.echo(f"HUJIAO_{name}: {problem['msg']} (given: {problem['input']!r})", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
