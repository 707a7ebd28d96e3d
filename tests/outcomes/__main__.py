"""
Bring every outcome about on every pool, and write what was seen.

    python -m tests.outcomes

Writes docs/reference/celery-outcomes.json and, from it, celery-outcomes.md. With
`--only` or `--pool`, what else is in the data is kept.
"""

from __future__ import annotations

import signal
import sys
import time

import click

from logconform.lab.brokers import BrokerUnavailable
from tests.outcomes.consequences import CONSEQUENCES
from tests.outcomes.families import OUTCOMES
from tests.outcomes.page import page
from tests.outcomes.runner import Cells, plan, run
from tests.outcomes.stage import NotSettled
from tests.outcomes.table import DATA, PAGE, Table, installed_versions
from tests.outcomes.worker import POOLS, WorkerFailed


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(OUTCOMES)), help="Only this outcome; repeatable.")
@click.option("--pool", "pools", multiple=True, type=click.Choice(list(POOLS)), help="Only this pool; repeatable.")
@click.option("--lanes", default=4, show_default=True, type=click.IntRange(1), help="How many workers run at once.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if the page or the data would change.")
def main(only: tuple[str, ...], pools: tuple[str, ...], lanes: int, check: bool) -> None:
    """Regenerate docs/reference/celery-outcomes.md from real runs.

    Exits with 1 if --check finds a difference, with 2 if an outcome could not be brought about.
    """
    for number in (signal.SIGINT, signal.SIGQUIT):  # a shell in the background has workers ignore both
        signal.signal(number, signal.SIG_DFL if number == signal.SIGQUIT else signal.default_int_handler)
    outcomes = [OUTCOMES[name] for name in only or OUTCOMES]
    started = time.monotonic()
    try:
        cells = run(plan(outcomes, pools or POOLS), lanes, lambda told: _tell(started, told))
    except (BrokerUnavailable, NotSettled, WorkerFailed) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    table = merged(cells, whole=not only and not pools)
    for each in CONSEQUENCES:
        if not each.holds(table):
            click.echo(f"no longer true, and left out: {each.text}", err=True)
    written = {DATA: table.to_json(), PAGE: page(table)}
    changed = [path for path, text in written.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in changed:
        click.echo(f"{path.name} {'would change' if check else 'changed'}", err=True)
        if not check:
            path.write_text(written[path], encoding="utf-8")
    sys.exit(1 if check and changed else 0)


def merged(cells: Cells, *, whole: bool) -> Table:
    """Return the table in the catalogue's order; where only a part was run, the rest is as it was."""
    kept = {} if whole or not DATA.exists() else dict(Table.from_json(DATA.read_text("utf-8")).cells)
    rows = {}
    for name in OUTCOMES:
        row = {pool: cells.get((name, pool)) or kept.get(name, {}).get(pool) for pool in POOLS}
        if any(row.values()):
            rows[name] = {pool: cell for pool, cell in row.items() if cell is not None}
    return Table(rows, installed_versions())


def _tell(started: float, told: str) -> None:
    click.echo(f"{time.monotonic() - started:6.1f} s  {told}", err=True)


if __name__ == "__main__":
    main()
