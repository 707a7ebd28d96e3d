"""What stands around an adoption: the app, the measurement, the file, and what is said of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from logconform.adopt.candidates import Candidate, candidates, winner
from logconform.adopt.document import Document
from logconform.adopt.hints import hints, other_command
from logconform.adopt.importing import NotAnApp, check_app
from logconform.adopt.measure import NotMeasured, measure
from logconform.adopt.needs import Renewal, needs, renewal
from logconform.config import Config, ConfigError, check_requirements, load_config
from logconform.contract import load_contract
from logconform.lab.selection import selection
from logconform.report.status import MUST
from logconform.report.words import plural

__all__ = ["NotAnApp", "NotFound", "NotMeasured", "Options", "run"]

CONFORMS, NOT_COVERED = 0, 1
NOT_TESTED = 3

Say = Callable[[str], None]
_APP = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


class NotFound(Exception):
    """There is no app, or no telling which one. The text lists what was found."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    folder: Path = Path()
    app: str | None = None
    until: date | None = None
    update: bool = False
    force: bool = False
    dry_run: bool = False
    repeat: int = 2
    only: Sequence[str] = ()


def run(options: Options, say: Say, ask: Callable[[Sequence[str]], int] | None = None) -> int:
    """
    Find the app, run the suite on it, write what its state needs, and return the exit code.

    *ask* chooses among several candidates; None where nobody can be asked.

    Raises:
        ConfigError: If the configuration can't be used, or has waivers already and nothing says what to do with them.
        NotFound, NotAnApp: If there is no app to run.
        NotMeasured: If it can't be run.
    """
    folder = options.folder.resolve()
    config = _config(folder, options)
    app = options.app or config.app or _found(folder, say, ask)
    check_app(app, folder)
    document = Document.of(folder, config.source)
    if config.app is None:
        document = document.with_app(app)
    report = measure(app, folder, say, repeat=options.repeat)
    if report["summary"]["verdict"] == "nothing_tested":
        say("nothing was tested, so there is nothing to waive; the report of `logconform run` says why")
        return NOT_TESTED
    report = _limited(report, options.only)
    renewed = _renewal(report, config, options)
    made = document.renewed(renewed.kept) if config.waivers else document
    made = made.with_new(renewed.new)
    made.expect([*renewed.kept.values(), *(each.waiver for each in renewed.new)])
    _write(made, say, dry_run=options.dry_run)
    return _told(report, config, renewed, options, say)


def _config(folder: Path, options: Options) -> Config:
    contract = load_contract()
    if options.until is not None and options.until < date.today():
        raise ConfigError(f"--until {options.until}: is past, so the waivers would fail the run; name a day to come")
    if options.app is not None and not _APP.fullmatch(options.app):
        raise ConfigError(f"--app {options.app}: must be MODULE:ATTR, such as billing.celery_app:app")
    selection(options.only, list(contract))
    config = load_config(folder)
    check_requirements(config, list(contract))
    if config.app and options.app and config.app != options.app:
        raise ConfigError(f"{config.source}: names the app {config.app}, not {options.app}; change it there")
    if config.waivers and not (options.update or options.force):
        raise ConfigError(
            f"{config.source}: has {plural(len(config.waivers), 'waiver')} already; --update lowers counts and drops "
            "what covers nothing, --force accepts today's faults as well"
        )
    return config


def _limited(report: dict[str, Any], only: Sequence[str]) -> dict[str, Any]:
    """Return the report on the requirements that are looked at; a part of the suite would find a part of the faults."""
    wanted = selection(only, [each["id"] for each in report["requirements"]]).judged
    return {**report, "requirements": [each for each in report["requirements"] if not wanted or each["id"] in wanted]}


def _renewal(report: dict[str, Any], config: Config, options: Options) -> Renewal:
    if not config.waivers and not options.update:
        return Renewal({}, needs(report, options.until))
    return renewal(report, config.waivers, date.today(), force=options.force, until=options.until)


def _found(folder: Path, say: Say, ask: Callable[[Sequence[str]], int] | None) -> str:
    """Return the app of a repository."""
    ranked = candidates(folder, hints(folder))
    if not ranked:
        raise NotFound(
            f"{folder}: no Celery app found (nothing like `app = Celery(...)`); name it by --app MODULE:ATTR"
        )
    chosen = winner(ranked)
    if chosen is None and ask is not None:
        chosen = ranked[ask([str(each) for each in ranked])]
    if chosen is None:
        listed = "".join(f"\n  {each}" for each in ranked)
        raise NotFound(f"{folder}: several Celery apps; name one by --app MODULE:ATTR{listed}")
    say(f"found {chosen}")
    if (other := other_command(folder)) is not None:
        say(f"{other[0]} starts the worker by `{other[1]}`; if `celery worker` can't, say so as worker_command")
    return _importable(chosen, folder)


def _importable(candidate: Candidate, folder: Path) -> str:
    """Return a candidate's app as it can be imported: as seen from the folder, where it is not installed."""
    seen = ".".join(candidate.path.with_suffix("").parts).removesuffix(".__init__")
    if seen == candidate.module or not seen.replace(".", "").isidentifier():
        return candidate.app
    try:
        check_app(candidate.app, folder)
    except NotAnApp:
        try:
            check_app(f"{seen}:{candidate.attribute}", folder)
        except NotAnApp:
            return candidate.app
        return replace(candidate, module=seen).app
    return candidate.app


def _write(document: Document, say: Say, *, dry_run: bool) -> None:
    if dry_run:
        say(f"would write {document.path}:")
        sys.stdout.write(document.text)
        return
    try:
        document.path.write_bytes(document.text.encode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{document.path}: can't be written ({error.strerror}); change its permissions") from None
    say(f"wrote {document.path}")


def _told(report: dict[str, Any], config: Config, renewed: Renewal, options: Options, say: Say) -> int:
    """Say what there is now, and what to do next; return the exit code."""
    waivers = [*renewed.kept.values(), *(each.waiver for each in renewed.new)]
    lowered = sum(config.waivers[number].count != each.count for number, each in renewed.kept.items())
    gone = len(config.waivers) - len(renewed.kept)
    say(f"{plural(len(waivers), 'waiver')}: {len(renewed.new)} new, {lowered} with another count, {gone} dropped")
    if waivers:
        say(", ".join(f"{each.requirement}{'' if each.count is None else f' ({each.count})'}" for each in waivers))
    if renewed.uncovered:
        say(f"violated beyond what is waived: {', '.join(renewed.uncovered)}; repair them, or accept them by --force")
        return NOT_COVERED
    if undecided := [each["id"] for each in report["requirements"] if _is_open(each)]:
        say(f"could not be decided: {', '.join(undecided)}; the report of `logconform run` says why")
        return NOT_TESTED
    if options.dry_run:
        return CONFORMS
    if renewed.new:
        say("next: say in each waiver why it is accepted, commit the file, and run `logconform run` in CI")
    what = "these requirements" if options.only else "`logconform run`"
    say(f"{what} will conform now, and fail as soon as there is more than this")
    return CONFORMS


def _is_open(requirement: dict[str, Any]) -> bool:
    return bool(requirement["judged"] and requirement["level"] == MUST and requirement["status"] == "inconclusive")
