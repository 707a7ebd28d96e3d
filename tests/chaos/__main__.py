"""
Send many tasks to the reference worker while children are killed, its log rotates and its broker restarts.

    python -m tests.chaos

Then every line is held against what really happened, task by task. Exit code 1
where a MUST is violated or anything is lost.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tests.chaos.account import SHOWN, Account, account
from tests.chaos.storm import SLOTS, rage


def table_of(told: Account) -> Table:
    """Return the account for a terminal."""
    table = Table(title=f"{told.sent:,} tasks through {SLOTS} slots in {told.seconds:.0f} s", show_header=False)
    rows: list[tuple[str, int]] = [
        ("tasks sent", told.sent),
        ("tasks that Celery never ended", told.lost),
        ("executions", told.executions),
        *((f"  ended in {name}", count) for name, count in told.endings.most_common()),
        ("records", told.records),
        ("log files", told.files),
        ("children killed", told.kills),
        ("broker restarts", told.restarts),
        ("tasks that a killed process ran, and Celery went on with: not judged", told.cut),
        ("violations", len(told.violations)),
        ("warnings", len(told.warnings)),
    ]
    for name, count in rows:
        table.add_row(name, f"{count:,}")
    return table


@click.command(help="Run the reference worker through a storm, and account for every task.")
@click.option("--tasks", type=click.IntRange(min=100), default=20_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def main(tasks: int, seed: int) -> None:
    """Print the account."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, console.status("starting") as status:
        storm = rage(Path(folder), tasks, seed, status.update)
        status.update("reading the log")
        told = account(storm)
    Console(width=None if sys.stdout.isatty() else 100).print(table_of(told))
    for text in [*told.violations[:SHOWN], *(f"warning: {each}" for each in told.warnings[:SHOWN])]:
        click.echo(text)
    sys.exit(1 if told.violations else 0)


if __name__ == "__main__":
    main()
