"""A whole run of the suite: what is planned, stimulated, seen, concluded, and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from logconform.config import Config, whereabouts
from logconform.contract import Contract, Level
from logconform.findings import Finding, Verdict
from logconform.lab import session
from logconform.lab.evidence import Log, Seen
from logconform.lab.stage import TOLD_LATE, Trace
from logconform.lab.truth import Truth
from logconform.lab.worker import Subject
from logconform.report.model import Environment, EvidenceLine, ScenarioResult, Step, build_report
from logconform.report.waivers import waivers_for
from logconform.report.words import printable
from logconform.secrets import excerpt

EVIDENCE_LINES = 12
WORKERS = (
    "a worker with one slot",
    'a worker that is told to log from "warning" on',
    "a worker with four slots",
    "a worker whose log file cannot be opened",
)
"""The steps that choose a worker, in the order in which they are started."""
NOTHING_MAY_STOP = {"CTX013", "FMT010", "FMT011", "FMT014", "FAIL005", "FAIL008", "SINK005"}
"""Requirements that a worker violates by not going on at all."""


class Violated(AssertionError):
    """A requirement does not hold; the text shows where, and the remedy."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is tested, and where."""

    app: str
    cwd: Path
    adapter: str | None
    pools: tuple[str, ...]
    brokers: tuple[str, ...]
    config: Config


@dataclass(frozen=True, slots=True)
class Planned:
    """A scenario that will run in one environment."""

    requirement: str
    feature: str
    rule: str
    name: str
    steps: tuple[str, ...]
    environment: str


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a scenario's question came to."""

    outcome: str
    reason: str | None = None
    text: str = ""


@dataclass
class LabRun:
    """Everything that one run of the suite knows."""

    contract: Contract
    settings: Settings
    partial: bool = False
    planned: dict[str, Planned] = field(default_factory=dict)
    traces: dict[str, Trace] = field(default_factory=dict)
    results: dict[str, ScenarioResult] = field(default_factory=dict)
    found: dict[str, list[Finding]] = field(default_factory=dict)
    steps: dict[str, list[Step]] = field(default_factory=dict)
    outcomes: dict[str, Conclusion] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    last_report: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.environments: dict[str, tuple[str, str]] = {
            f"{pool}-{_short(broker)}": (pool, broker)
            for broker in self.settings.brokers
            for pool in self.settings.pools
        }
        self.labs: dict[str, session.Environment] = {}

    def plan(self, node: str, scenario: Any, environment: str) -> None:
        """Take a scenario into the run. Its one tag that is a requirement says what it is about."""
        tags = set(scenario.tags) | set(scenario.feature.tags) | set(scenario.rule.tags if scenario.rule else ())
        [requirement] = [tag for tag in tags if tag in self.contract]
        self.planned[node] = Planned(
            requirement,
            scenario.feature.name,
            scenario.rule.name if scenario.rule else "",
            scenario.name,
            tuple(step.name for step in scenario.steps if step.type != "then"),
            environment,
        )

    def stimulate(self, folder: Path, tell: Callable[[str], None]) -> None:
        """
        Run the lab: each environment after the other, from its start to its verdict.

        Raises:
            SubjectError: If the worker can't be started.
            BrokerUnavailable: If there is no broker.
        """
        config = self.settings.config
        subject = Subject(
            self.settings.app,
            self.settings.cwd,
            self.settings.adapter,
            config.worker_command,
            whereabouts(config, "worker_command"),
            config.log_file,
        )
        for name, (pool, broker) in self.environments.items():
            nodes = [node for node, plan in self.planned.items() if plan.environment == name]
            nodes.sort(key=lambda node: _turn(self.planned[node]))
            if not nodes:
                continue
            tell(f"{name}: starting a worker of {subject.app}")
            lab = session.Environment(name, subject, pool, broker, folder, config.tasks)
            self.labs[name] = lab
            try:
                lab.open()
                tell(f"{name}: running {len(nodes)} scenarios")
                for node in nodes:
                    plan = self.planned[node]
                    self.traces[node] = lab.stimulate(plan.requirement, plan.steps)
                tell(f"{name}: shutting down, and judging the log")
                lab.close(self.traces[node] for node in nodes)
            except BaseException:
                lab.abandon()
                raise

    def seen(self, node: str) -> Seen:
        """Return what a scenario's worker wrote, beside what really happened."""
        lab, trace = self.labs[self.planned[node].environment], self.traces[node]
        nothing = Seen(Log([], Verdict()), Truth(lab.folder / "never written"), lab.pool, trace.roles)
        return lab.seen(trace) or nothing  # its worker did not start: the trace says so

    def conclude(self, node: str, checks: Iterable[Finding | None]) -> Conclusion:
        """Weigh the checks of one question."""
        plan, trace = self.planned[node], self.traces[node]
        outcomes = list(checks)
        unseen = False
        findings = [
            replace(each, requirement=plan.requirement, scenario=node, environment=plan.environment)
            for each in outcomes
            if each is not None
        ]
        if trace.error and plan.requirement in NOTHING_MAY_STOP:
            findings = [Finding(plan.requirement, trace.error, scenario=node, environment=plan.environment)]
        elif trace.error or trace.blocked:
            findings = []  # what is missing then says nothing
        elif unseen := self._is_cut(node) and any(each.place is None for each in findings):
            findings = [each for each in findings if each.place is not None]  # it may stand in what was not kept
        self.found.setdefault(node, []).extend(findings)
        if findings:
            must = self.contract[plan.requirement].level is Level.MUST
            text = "\n".join(finding_text(each, must=must) for each in findings[:3])
            more = f"\n… and {len(findings) - 3} more" if len(findings) > 3 else ""
            conclusion = Conclusion("violated" if must else "warned", findings[0].message, text + more)
        elif trace.error or trace.blocked:
            conclusion = Conclusion("inconclusive", trace.error or trace.blocked)
        elif unseen:
            conclusion = Conclusion("inconclusive", "the worker wrote more than is kept of its log")
        elif not outcomes:
            conclusion = Conclusion("not_tested", "no record in the log that this could be seen on")
        else:
            conclusion = Conclusion("passed")
        self.outcomes[node] = _worse(self.outcomes.get(node), conclusion)
        return conclusion

    def _is_cut(self, node: str) -> bool:
        """Whether only the beginning of the log is there that a scenario looks at."""
        view = self.labs[self.planned[node].environment].seen(self.traces[node])
        return view is not None and view.log.truncated

    def not_binding(self, node: str) -> str | None:
        """Say why a violation of a scenario's requirement does not make the run red; None where it does."""
        plan = self.planned[node]
        profile = self.contract[plan.requirement].profile
        if profile not in self.profiles:
            return f"the profile {profile} is not judged"
        covering = waivers_for(plan.requirement, plan.environment, self.settings.config.waivers, date.today())
        return f"waived: {covering[0].reason}" if covering else None

    @property
    def profiles(self) -> list[str]:
        """The profiles that decide the verdict: those that the service names, and those its tasks declare."""
        config = self.settings.config
        declared = [role for role in ("progress", "resource") if role in config.tasks]
        return list(dict.fromkeys([*config.profiles, *declared]))

    def step(self, node: str, keyword: str, text: str, status: str) -> None:
        """Note how a step went."""
        self.steps.setdefault(node, []).append(Step(keyword.strip(), text, status))

    def came_out(self, node: str, outcome: str, reason: str | None, seconds: float) -> None:
        """Keep a scenario's result; an error in the suite itself is one of its own kind."""
        plan = self.planned[node]
        conclusion = self.outcomes.get(node)
        if conclusion is None or (outcome == "failed" and conclusion.outcome != "violated"):
            if outcome == "failed":
                self.errors.append(node)
            conclusion = Conclusion("not_tested" if outcome != "failed" else "inconclusive", reason)
        told = "" if conclusion.outcome == "passed" else conclusion.reason or reason or ""
        self.results[node] = ScenarioResult(
            id=node,
            feature=plan.feature,
            rule=plan.rule,
            name=plan.name,
            requirement=plan.requirement,
            environment=plan.environment,
            outcome=conclusion.outcome,
            reason=told.removeprefix("not tested: ") or None,
            steps=tuple(self.steps.get(node, ())),
            evidence=tuple(self._evidence(node)),
            duration_s=round(seconds, 3),
        )

    def report(self) -> dict[str, Any]:
        """Build the report over everything that was judged."""
        judged = {plan.requirement for plan in self.planned.values()} if self.partial else set(self.contract)
        verdicts = {name: self._verdict(name, lab).only(judged) for name, lab in self.labs.items()}
        config = self.settings.config
        self.last_report = build_report(
            self.contract,
            verdicts,
            subject={"kind": "app", "app": self.settings.app},
            environments=[
                Environment(name, lab.pool, _short(lab.broker_choice), lab.versions) for name, lab in self.labs.items()
            ],
            scenarios=list(self.results.values()),
            waivers=config.waivers,
            waivers_must_fire=not self.partial,
            profiles=self.profiles,
        )
        return self.last_report

    def _verdict(self, name: str, lab: session.Environment) -> Verdict:
        """Return the common rules' verdict and the scenarios' findings, each place counted once."""
        common = lab.verdict()
        own = [each for node, found in self.found.items() if self.planned[node].environment == name for each in found]
        known = {(each.requirement, each.place) for each in own if each.place is not None}
        twice = Verdict()
        twice.found_all(each for each in common.findings if (each.requirement, each.place) in known)
        verdict = common.without(twice)
        unique = {(each.requirement, each.place or (each.task_id, each.message)): each for each in own}
        verdict.found_all(unique.values())
        return verdict

    def _evidence(self, node: str) -> Iterable[EvidenceLine]:
        view = self.labs[self.planned[node].environment].seen(self.traces[node])
        if view is None:
            return
        places = {record.place for sent in view.sent for record in view.log.by_task.get(sent.task_id, [])}
        places |= {record.place for sent in view.sent for record in view.spoken(sent)}
        ordered = sorted(places, key=lambda place: (place.path, place.offset))
        shown = [view.log.by_place[place] for place in ordered[:EVIDENCE_LINES]]
        for reading in shown:
            yield EvidenceLine(excerpt(reading.raw, 2_000), reading.place)


def finding_text(finding: Finding, *, must: bool) -> str:
    """Return a finding as a person reads it: requirement, what is wrong, where, evidence, remedy."""
    kind = "violation" if must else "warning"
    where = f"{finding.place.path}:{finding.place.line}" if finding.place else "the log stream"
    lines = [f"{finding.requirement} {kind}: {printable(finding.message)}"]
    lines.append(f"  --> {where}" + (f"  task {printable(finding.task_id)}" if finding.task_id else ""))
    lines += [f"   | {printable(finding.evidence)}"] if finding.evidence else []
    lines += [f"   = fix: {finding.fix}"] if finding.fix else []
    return "\n".join([*lines, f"   = more: logconform explain {finding.requirement}"])


def _turn(plan: Planned) -> tuple[int, bool]:
    """Return what sorts scenarios: those that share a worker together, and first those whose ending is told late."""
    late = any(how in step for step in plan.steps for how in TOLD_LATE)
    worker = next((number for number, step in enumerate(WORKERS) if step in plan.steps), len(WORKERS))
    return worker, not late


def _worse(first: Conclusion | None, second: Conclusion) -> Conclusion:
    order = ["violated", "warned", "inconclusive", "passed", "not_tested"]
    if first is None:
        return second
    return min(first, second, key=lambda each: order.index(each.outcome))


def _short(broker: str) -> str:
    from logconform.lab.brokers import EMBEDDED, name_of

    return broker if broker == EMBEDDED else name_of(broker)
