"""`logconform run`: run an app's worker in the lab and judge its log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from logconform import completion
from logconform.cli import INTERRUPTED, Failure
from logconform.lab.pools import POOLS


@click.command()
@click.argument("features", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--celery-app", "--app", "celery_app", metavar="MODULE:ATTR", help="The Celery app under test.")
@click.option("--adapter", metavar="MODULE:ATTR", help="The object through which the probes log.")
@click.option("--pool", multiple=True, type=click.Choice(POOLS), help="Repeatable.")
@click.option(
    "--environment",
    multiple=True,
    metavar="POOL-BROKER",
    shell_complete=completion.environment,
    help="A pool on a broker, such as threads-rabbitmq, in place of --pool and --broker. Repeatable.",
)
@click.option(
    "--broker",
    multiple=True,
    metavar="URL",
    shell_complete=completion.broker,
    help="`embedded`, `filesystem`, `rabbitmq`, or the URL of a broker. Repeatable.",
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Where the JSON report goes.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Keep there the raw log, the oracle's file and the worker's command line of each scenario that fails.",
)
@click.option("--report-junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML too.")
@click.option(
    "--only",
    multiple=True,
    metavar="ID[,ID]",
    shell_complete=completion.requirements,
    help="A requirement or a scenario to run alone. Repeatable.",
)
@click.option(
    "--exercise",
    metavar="COMMAND",
    help="Run COMMAND in a shell in place of the suite's scenarios, and judge every task that it sends to the worker. "
    "It finds the lab's broker in $CELERY_BROKER_URL and $LOGCONFORM_BROKER_URL.",
)
@click.option(
    "--exercise-timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="How long COMMAND and its tasks may take; 600 where nothing is said.",
)
@click.option("--repeat", type=click.IntRange(1), metavar="N", help="Run all N times, to find what is flaky.")
@click.pass_context
def run(ctx: click.Context, /, features: Sequence[Path], only: Sequence[str], **options: Any) -> None:
    """Run a Celery app's worker, stimulate it, and judge what it logs.

    What is not given here comes from logconform.toml or [tool.logconform] in
    pyproject.toml; without an app, the reference worker is judged. A service
    that doesn't start its worker by `celery worker` says there how it does:
    worker_command = ["./start.sh"]. FEATURES are folders with features of the
    service's own, which use the suite's steps and run together with it. The
    pytest configuration, conftest.py and plugins of the repository are left
    alone: they are for its own tests.

    \b
    Examples:
      logconform run --app billing.celery_app:app
      logconform run --app billing.celery_app:app --pool prefork --pool threads
      logconform run --only CTX005 --report report.json
      logconform run --only CTX005-1861 --keep kept    one scenario, as a failure names it
      logconform run --repeat 20                       what fails only sometimes is flaky
      logconform run --exercise 'pytest tests/'        judge what the service's own tests run
      logconform run features/                         the service's own features too

    \b
    Exit codes:
      0    conforms
      1    does not conform; a flaky scenario counts
      2    usage or configuration, or the command of --exercise failed
      3    nothing was tested, or it could not be decided
      130  interrupted
    """
    from logconform.lab.suite import run_suite

    try:
        code = run_suite([*map(str, features), *_given(options), *_selection(only)])
    except FileNotFoundError as error:
        raise Failure(str(error)) from None
    ctx.exit(INTERRUPTED if code is None else code)


def _given(options: Mapping[str, Any]) -> Iterator[str]:
    """Pass the options on that were given: the plugin's have the same names."""
    for name, value in options.items():
        for each in value if isinstance(value, tuple) else (value,):
            if each is not None:
                yield from (f"--{name.replace('_', '-')}", str(each))


def _selection(only: Sequence[str]) -> Iterator[str]:
    """Pass on what is to run alone; a slip in a requirement's name costs no run."""
    from logconform.contract import UnknownRequirement, load_contract

    if not only:
        return
    contract = load_contract()
    for name in filter(None, (word.strip() for each in only for word in each.split(","))):
        requirement, dash, digest = name.partition("-")
        try:
            yield from ("--only", contract.find(requirement).id + dash + digest.lower())
        except UnknownRequirement as error:
            raise Failure(str(error)) from None
