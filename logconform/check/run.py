"""The field's one way from paths to a report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from logconform.check.engine import Engine, Judged, Pool
from logconform.check.sources import Progress, Source, Unreadable, find_sources
from logconform.config import Config, check_requirements
from logconform.contract import Contract, load_contract
from logconform.findings import Verdict
from logconform.report.model import Environment, build_report
from logconform.report.words import printable

ENVIRONMENT = "sample"
"""The name of the one environment that a sample of one service is."""
NO_SERVICE = "no service"
"""The name of the environment of what names no service, in a sample of several."""


def check(
    paths: Sequence[str],
    *,
    config: Config | None = None,
    only: Collection[str] = (),
    ignore: Collection[str] = (),
    progress: Progress | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """
    Judge the logs that *paths* name and return the report.

    *jobs* processes of this machine judge them, or the workers of the Dask
    cluster whose scheduler has the address *scheduler*. An interrupt (Ctrl-C)
    ends the reading, not the judging: the report then covers what was read,
    and its subject says `partial`. What could not be read is in its `problems`.

    Raises:
        Unreadable: If a path can't be read, and nothing else could.
        UnknownRequirement: If *only* or *ignore* name one that doesn't exist.
        ConfigError: If *config* waives one that doesn't exist.
    """
    config = config or Config()
    contract = load_contract()
    kept = selected(contract, only, ignore)
    check_requirements(config, list(contract))
    sources = find_sources(paths)
    judged = Engine(sources, progress).run(jobs, _pool(scheduler))
    if judged.problems and not judged.lines:
        raise Unreadable("\n".join(judged.problems))
    return report_of(contract, config, kept, judged.verdicts, _subject(sources, judged))


def report_of(
    contract: Contract,
    config: Config,
    kept: Collection[str],
    verdicts: Mapping[str | None, Verdict],
    subject: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the report on a sample: one environment, or one for each service where there are several."""
    named = {_environment(service, len(verdicts)): verdict.only(kept) for service, verdict in verdicts.items()}
    return build_report(
        contract,
        named or {ENVIRONMENT: Verdict()},
        subject=subject,
        environments=[Environment(name) for name in named or (ENVIRONMENT,)],
        waivers=[each for each in config.waivers if each.requirement in kept],
        waivers_must_fire=False,
        profiles=config.profiles,
        reasons=_reasons(contract, kept),
    )


def _environment(service: str | None, services: int) -> str:
    if services == 1:
        return ENVIRONMENT
    return NO_SERVICE if service is None else printable(service)


def _pool(scheduler: str | None) -> Callable[[], Iterator[Pool]] | None:
    if scheduler is None:
        return None
    from logconform.check.dask_engine import dask_pool

    return partial(dask_pool, scheduler)


def total_size(paths: Sequence[str]) -> int:
    """
    Return the size of *paths* on disk in bytes, 0 where one of them has none (standard input).

    Raises:
        Unreadable: As `check` does.
    """
    sizes = [source.size for source in find_sources(paths)]
    return sum(sizes) if all(sizes) else 0


def selected(contract: Contract, only: Collection[str], ignore: Collection[str]) -> set[str]:
    """
    Return the requirements to judge.

    Raises:
        UnknownRequirement: If *only* or *ignore* name one that doesn't exist.
    """
    wanted, unwanted = ({contract.find(name).id for name in names} for names in (only, ignore))
    return (wanted or set(contract)) - unwanted


def _reasons(contract: Contract, kept: Collection[str]) -> Mapping[str, str]:
    here, elsewhere = "the sample shows nothing that it applies to", "not selected"
    return {name: here if name in kept else elsewhere for name in contract}


def _subject(sources: Sequence[Source], judged: Judged) -> dict[str, Any]:
    subject: dict[str, Any] = {
        "kind": "sample",
        "paths": [source.path for source in sources],
        "records": judged.lines,
        "bytes": judged.bytes,
        "tasks": judged.tasks,
        "sources": [
            {
                "path": source.path,
                "bytes": source.size,
                "compression": source.found.compression,
                "envelope": source.found.envelope,
            }
            for source in sources
        ],
    }
    if judged.problems:
        subject["problems"] = judged.problems
    return {**subject, "partial": True} if judged.partial else subject
