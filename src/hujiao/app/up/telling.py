"""What `hujiao up` says on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from hujiao.app.seed import Credential, first_start
from hujiao.app.settings import Settings
from hujiao.app.up.problems import Finding
from hujiao.app.up.summary import summary
from hujiao.app.up.supervise import ProgramState

STAGES = {
    "switch-lists": "Asking the mirror for Asterisk",
    "switch-download": "Fetching Asterisk and its tools",
    "switch-unpack": "Unpacking Asterisk",
    "prompts": "Speaking the prompts",
    "database": "Preparing the database",
    "programs": "Starting the programs",
}


class Teller:
    """Says it to a person (with bars and colours) or to a file (line by line)."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stdout, highlight=False)
        self._credentials: list[Credential] = []

    @contextmanager
    def progress(self) -> Iterator[Callable[[str, float], None]]:
        """Gives a function `(stage, fraction)` that draws a bar per stage."""
        if not self.console.is_terminal:
            yield self._lines()
            return
        columns = (TextColumn("{task.description:<36}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as bars:
            tasks: dict[str, TaskID] = {}

            def draw(stage: str, fraction: float) -> None:
                if stage not in tasks:
                    tasks[stage] = bars.add_task(STAGES.get(stage, stage), total=1.0)
                bars.update(tasks[stage], completed=fraction)

            yield draw

    def _lines(self) -> Callable[[str, float], None]:
        said: set[tuple[str, int]] = set()

        def line(stage: str, fraction: float) -> None:
            quarter = int(fraction * 4)
            if (stage, quarter) not in said:
                said.add((stage, quarter))
                self.console.print(f"{STAGES.get(stage, stage)}: {quarter * 25} %")

        return line

    def stage(self, name: str) -> None:
        self.console.print(f"{STAGES[name]} …")

    def first_start(self, settings: Settings) -> None:
        """Makes the first people, queues and numbers; what was made is shown at `ready`."""
        self._credentials = first_start(settings)

    def ready(self, settings: Settings) -> None:
        """The address, the sign-in names, the number to call."""
        known = summary(settings)
        lines = [f"[bold]{settings.base_url}[/bold]"]
        if settings.serves_tls and settings.tls_cert is None:
            lines.append(
                "The certificate is our own: the browser warns once. Choose 'Advanced', then "
                "'Proceed'; the microphone works after that."
            )
        if not settings.on_loopback:
            lines.append("Open to other machines. Put a firewall around it.")
        self.console.print(Panel("\n".join(lines), title="Hujiao 呼叫", expand=False))
        if self._credentials:
            self._table(self._credentials)
        else:
            names = ", ".join(known.logins) + (", …" if known.more_people else "")
            self.console.print(f"Sign in as: {names}", soft_wrap=True)
        self.console.print(f"Call: {', '.join(known.numbers) or 'no number is set up yet'}")
        bind = settings.sip_bind_in_use
        where = " or ".join(f"{bind}:{node.sip_port}" for node in settings.own_nodes)
        if where:
            self.console.print(f"SIP phones register at: {where} (UDP or TCP)")
        self.console.print("Ctrl-C ends everything.")

    def _table(self, made: Sequence[Credential]) -> None:
        title = "Made at this first start. Passwords are not shown again."
        table = Table("sign in as", "password", "role", "phone", title=title, title_justify="left")
        for one in made:
            table.add_row(one.login, one.password, one.role, one.phone)
        self.console.print(table)

    def unhealthy(self, settings: Settings, answer: str, states: Sequence[ProgramState]) -> None:
        """Not ready in time: says what each program does; they go on being restarted."""
        self.console.print(f"[yellow]Not ready yet.[/yellow] The web process says: {answer[:300]}")
        for state in states:
            self.console.print(f"  {state.name}: {state.state} {state.description}")
        self.console.print(f"Logs are in {settings.logs_dir}. `hujiao doctor` looks closer.")

    def refused(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self.console.print(f"[red]Cannot start:[/red] {finding.text}", soft_wrap=True)
            if finding.advice:
                self.console.print(f"  {finding.advice}", soft_wrap=True)

    def ending(self) -> None:
        self.console.print("Ending …")

    def supervisor_ended(self, settings: Settings) -> None:
        log = settings.logs_dir / "supervisor.log"
        self.console.print(f"[red]The supervisor ended.[/red] Look into {log}.")
