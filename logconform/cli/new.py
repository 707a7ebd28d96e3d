"""`logconform new`: make a worker service whose log conforms, or bring one up to date with the template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from logconform.cli import Failure
from logconform.scaffold.template import BROKERS, POOLS, PROFILES


@click.command()
@click.argument("name", required=False)
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="The folder; NAME by default."
)
@click.option("--broker", type=click.Choice(BROKERS), help="Redis where nothing is said.")
@click.option("--pool", multiple=True, type=click.Choice(POOLS), help="Repeatable; prefork where nothing is said.")
@click.option(
    "--profile",
    multiple=True,
    type=click.Choice(PROFILES),
    help="What else the log tells, each with an example. Repeatable; none where nothing is said.",
)
@click.option("--vendor/--no-vendor", default=None, help="Copy the log core into the service, or import it.")
@click.option(
    "--template",
    envvar="LOGCONFORM_TEMPLATE",
    metavar="URL|PATH",
    help="A Copier template to take in place of logconform's own. Also $LOGCONFORM_TEMPLATE.",
)
@click.option("--defaults", is_flag=True, help="Ask nothing. So it is where the input is no terminal.")
@click.option("--force", is_flag=True, help="Overwrite what is in the folder.")
@click.option("--update", is_flag=True, help="Bring a service that was made before up to this version's template.")
def new(**options: Any) -> None:
    """Make a Celery worker service whose log conforms, with its tests, its CI and its run in the lab.

    What is not given is asked. The template is kept in a git repository of
    yours, so that --update can tell your changes from the template's.

    \b
    Examples:
      logconform new billing && cd billing && make test
      logconform new billing --broker rabbitmq --pool prefork --pool threads
      logconform new mail-sender --profile progress --profile resource --vendor
      logconform new --update                          in the folder of a service

    \b
    Exit codes:
      0    the service is there, or up to date
      2    it is not, and the message says why
      130  interrupted
    """
    from logconform.scaffold.command import Options, Refused, run

    try:
        click.echo(run(Options(**options)))
    except Refused as error:
        raise Failure(str(error)) from None
