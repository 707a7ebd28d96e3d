"""A whole run of the suite: what is planned, stimulated, seen, concluded, and reported, as often as it is repeated."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from logconform.config import whereabouts
from logconform.contract import Contract
from logconform.findings import Finding, Verdict
from logconform.lab import keep, session
from logconform.lab.any_task import verdict_on
from logconform.lab.brokers import BrokerUnavailable, is_optional, name_of
from logconform.lab.evidence import Log, Seen
from logconform.lab.exercise import Account, Exercise
from logconform.lab.exercise_outcome import Exercised
from logconform.lab.faults import most
from logconform.lab.flakes import merged
from logconform.lab.outcome import Conclusion, Violated, worse
from logconform.lab.plan import Planned, turn_of
from logconform.lab.selection import short_id
from logconform.lab.settings import Settings
from logconform.lab.stage import Trace
from logconform.lab.subject import Subject
from logconform.lab.truth import Truth
from logconform.lab.vocabulary import FeatureError
from logconform.lab.weighing import About, weigh
from logconform.report.model import Environment, EvidenceLine, ScenarioResult, Step, build_report
from logconform.report.waivers import allowance, waivers_for
from logconform.report.words import plural, printable
from logconform.secrets import excerpt, redact_text

__all__ = ["Conclusion", "LabRun", "Planned", "Settings", "Violated"]

EVIDENCE_LINES = 12


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
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """What the finished rounds came to, by environment."""
    faults: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """The faults of the round that had most of them, by environment and requirement."""
    ran: dict[str, Environment] = field(default_factory=dict)
    exercised: dict[str, Exercised] = field(default_factory=dict)
    """What came of the exercise in this round, by environment."""
    judged: set[str] | None = None
    """The requirements that are judged; all, where it is not said."""
    unfit: list[Account] = field(default_factory=list)
    """Exercises that did not end well, or ran nothing."""
    round: int = 1
    last_report: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        every = [(pool, broker) for broker in self.settings.brokers for pool in self.settings.pools]
        pairs = self.settings.environments or every
        self.environments = {f"{pool}-{_short(broker)}": (pool, broker) for pool, broker in pairs}
        self.labs: dict[str, session.Environment] = {}

    def requirement_of(self, scenario: Any) -> str:
        """
        Return what a scenario is about: its one tag that is a requirement.

        Raises:
            FeatureError: If it has none, or several.
        """
        tags = set(scenario.tags) | set(scenario.feature.tags) | set(scenario.rule.tags if scenario.rule else ())
        about = [tag for tag in tags if tag in self.contract]
        if len(about) != 1:
            raise FeatureError(
                f"{scenario.feature.filename}:{scenario.line_number}: {scenario.name!r} must carry the one requirement "
                "that it is about as a tag, on its Rule or on itself, such as @CTX002"
            )
        return str(about[0])

    def plan(self, node: str, scenario: Any, environment: str, number: int = 1) -> None:
        """Take a scenario into a round of the run."""
        requirement = self.requirement_of(scenario)
        self.planned[node] = Planned(
            requirement,
            scenario.feature.name,
            scenario.rule.name if scenario.rule else "",
            scenario.name,
            tuple(step.name for step in scenario.steps if step.type != "then"),
            environment,
            short_id(requirement, scenario.name),
            number,
        )

    def stimulate(self, folder: Path, tell: Callable[[str], None], number: int = 1) -> None:
        """
        Run a round in the lab: each environment after the other, on fresh workers, from its start to its verdict.

        Raises:
            SubjectError: If the worker can't be started.
            BrokerUnavailable: If there is no broker.
        """
        self.round = number
        turn = f" (run {number} of {self.settings.repeat})" if self.settings.repeat > 1 else ""
        for name, (pool, broker) in self.environments.items():
            nodes = [node for node, plan in self.planned.items() if plan.environment == name and plan.round == number]
            if not nodes and self.settings.exercise is None:
                continue
            tell(f"{name}: starting a worker of {self.settings.app}{turn}")
            lab = session.Environment(
                name, self._subject(), pool, broker, folder, self.settings.config.tasks, self.profiles
            )
            self.labs[name] = lab
            try:
                if self.settings.exercise is not None:
                    self._exercise(lab, self.settings.exercise, tell)
                else:
                    self._scenarios(lab, nodes, tell)
            except BaseException:
                lab.abandon()
                raise

    def _scenarios(self, lab: session.Environment, nodes: list[str], tell: Callable[[str], None]) -> None:
        missing = self._open(lab)
        if missing:
            tell(f"{lab.name}: left out: {missing}")
            self.traces.update({node: Trace(self.planned[node].requirement, skipped=missing) for node in nodes})
            return
        tell(f"{lab.name}: running {len(nodes)} scenarios")
        for node in sorted(nodes, key=lambda node: turn_of(self.planned[node])):
            plan = self.planned[node]
            try:
                self.traces[node] = lab.stimulate(plan.requirement, plan.steps)
            except FeatureError as error:
                raise FeatureError(f"{plan.requirement}, {plan.name!r}: {error}") from error
        tell(f"{lab.name}: shutting down, and judging the log")
        lab.close(self.traces[node] for node in nodes)

    @staticmethod
    def _open(lab: session.Environment) -> str | None:
        """Open an environment; say why it is left out, where its broker need not be there and is not."""
        try:
            lab.open()
        except BrokerUnavailable as error:
            return _left_out(lab, error)
        return None

    def _exercise(self, lab: session.Environment, exercise: Exercise, tell: Callable[[str], None]) -> None:
        tell(f"{lab.name}: running {printable(redact_text(exercise.command))}")
        verdict = Verdict()
        try:
            account = lab.exercise(exercise)
        except BrokerUnavailable as error:
            account = Account(left_out=_left_out(lab, error))
            tell(f"{lab.name}: left out: {account.left_out}")
        else:
            tell(f"{lab.name}: {account.much}; shutting down, and judging the log")
            seen = lab.close_exercise()
            account.judged = len(seen.sent)
            verdict = verdict if account.untested else verdict_on(seen)
        again = self._again(lab.name, "--exercise", exercise.command)
        self.exercised[lab.name] = Exercised(exercise.command, lab.name, again, account, verdict)

    def _subject(self) -> Subject:
        config = self.settings.config
        return Subject(
            self.settings.app,
            self.settings.cwd,
            self.settings.adapter,
            config.worker_command,
            whereabouts(config, "worker_command"),
            config.log_file,
        )

    def finish_round(self) -> None:
        """Add up what the round came to, keep what is to be kept, and let go of its logs: the next brings its own."""
        for name, lab in self.labs.items():
            if self.settings.keep is not None:
                keep.keep(self._kept_in(name), lab.workers, self._failed(name))
            verdict = self._verdict(name, lab)
            if self.settings.repeat > 1:
                verdict = verdict.moved(lambda place: replace(place, path=f"run-{self.round}/{place.path}"))
            self.verdicts[name] = self.verdicts.get(name, Verdict()) + verdict
            self.faults[name] = most(self.faults.get(name, {}), self._faults(name, lab))
            self.ran[name] = Environment(name, lab.pool, _short(lab.broker_choice), lab.versions, self._skipped(name))
        self.labs.clear()
        self.exercised.clear()
        self.traces.clear()

    def _skipped(self, environment: str) -> str | None:
        """Say why nothing was tested in an environment, this time and before."""
        before, here = self.ran.get(environment), self.exercised.get(environment)
        if here is None or (before is not None and not before.skipped):
            return None
        return here.account.untested

    def keep_all(self) -> None:
        """Keep every worker of a round that came to no end."""
        for name, lab in self.labs.items() if self.settings.keep is not None else ():
            for number, worker in enumerate([*lab.workers, *([lab.failed] if lab.failed else [])], 1):
                keep.keep_worker(self._kept_in(name) / f"worker-{number}", worker)

    def _kept_in(self, environment: str) -> Path:
        assert self.settings.keep is not None
        folder = self.settings.keep / environment.replace("/", "_")
        return folder / f"run-{self.round}" if self.settings.repeat > 1 else folder

    def _failed(self, environment: str) -> Iterator[keep.Failed]:
        here = self.exercised.get(environment)
        if here is not None and here.conclusion is not None and here.result.reproduce:
            trace = Trace("", self.labs[environment].workers[0])
            yield keep.Failed("exercise", here.title, here.outcome, here.conclusion.text, here.again, trace)
        for node, plan in self.planned.items():
            result = self.results.get(node)
            if (plan.environment, plan.round) != (environment, self.round) or result is None or not result.reproduce:
                continue
            title = f"{plan.short_id} {plan.name}\n{plan.feature} › {plan.rule}"
            told = self.outcomes.get(node, Conclusion(result.outcome)).text or result.reason or ""
            yield keep.Failed(plan.short_id, title, result.outcome, told, result.reproduce, self.traces[node])

    def seen(self, node: str) -> Seen:
        """Return what a scenario's worker wrote, beside what really happened."""
        lab, trace = self.labs[self.planned[node].environment], self.traces[node]
        nothing = Seen(Log([], Verdict()), Truth(lab.folder / "never written"), lab.pool, trace.roles)
        return lab.seen(trace) or nothing  # its worker did not start: the trace says so

    def conclude(self, node: str, checks: Iterable[Finding | None]) -> Conclusion:
        """Weigh the checks of one question."""
        plan, trace = self.planned[node], self.traces[node]
        requirement = self.contract[plan.requirement]
        about = About(requirement, node, plan.environment, self.reproduction(plan))
        findings, conclusion = weigh(checks, about, trace, self.labs[plan.environment].seen(trace))
        self.found.setdefault(node, []).extend(findings)
        self.outcomes[node] = worse(self.outcomes.get(node), conclusion)
        return conclusion

    def not_binding(self, node: str) -> str | None:
        """Say why a violation of a scenario's requirement does not make the run red; None where it does."""
        plan = self.planned[node]
        return self._excuse(plan.requirement, plan.environment)

    def _excuse(self, requirement: str, environment: str) -> str | None:
        profile = self.contract[requirement].profile
        if profile not in self.profiles:
            return f"the profile {profile} is not judged"
        covering = waivers_for(requirement, environment, self.settings.config.waivers, date.today())
        if not covering:
            return None
        allowed = allowance(covering)  # a scenario alone can't tell whether there are more: the report does
        limit = "" if allowed is None else f" up to {plural(allowed, 'fault')}"
        return f"waived{limit}: {covering[0].reason}"

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
            short_id=plan.short_id,
            reproduce=None if conclusion.outcome in {"passed", "not_tested"} else self.reproduction(plan),
        )

    def conclude_exercise(self, environment: str) -> Conclusion:
        """Weigh what the service's own command brought about in one environment, and keep it as a result."""
        here = self.exercised[environment]
        verdict = here.verdict if self.judged is None else here.verdict.only(self.judged)
        binding = [each for each in verdict.findings if self._excuse(each.requirement, environment) is None]
        conclusion = here.conclude(self.contract, binding)
        self.results[f"{here.result.id} {self.round}"] = here.result
        if not here.account.left_out and (here.account.failed or here.account.trouble or here.account.untested):
            self.unfit.append(here.account)
        return conclusion

    def reproduction(self, plan: Planned) -> str:
        """Return the command that runs one scenario again, alone, in its environment."""
        return self._again(plan.environment, "--only", plan.short_id)

    def _again(self, environment: str, *what: str) -> str:
        pool, broker = self.environments[environment]
        often = ["--repeat", str(self.settings.repeat)] if self.settings.repeat > 1 else []
        where = ["--pool", pool, "--broker", broker]
        return redact_text(shlex.join(["logconform", "run", *self.settings.named, *what, *where, *often]))

    def report(self) -> dict[str, Any]:
        """Build the report over everything that was judged."""
        self.finish_round()
        judged = self.judged
        if judged is None:
            judged = {plan.requirement for plan in self.planned.values()} if self.partial else set(self.contract)
        config = self.settings.config
        self.last_report = build_report(
            self.contract,
            {name: verdict.only(judged) for name, verdict in self.verdicts.items()},
            subject={"kind": "app", "app": self.settings.app},
            environments=list(self.ran.values()),
            scenarios=merged(self.results.values()),
            waivers=config.waivers,
            waivers_must_fire=not self.partial and self.settings.exercise is None,
            profiles=self.profiles,
            faults=self.faults if self.settings.exercise is None else None,
        )
        return self.last_report

    def _verdict(self, name: str, lab: session.Environment) -> Verdict:
        """Return the common rules' verdict and the scenarios' findings, each place counted once."""
        if name in self.exercised:
            return self.exercised[name].verdict
        common = lab.verdict()
        nodes = [node for node, plan in self.planned.items() if (plan.environment, plan.round) == (name, self.round)]
        own = [self._told_once(each) for node in nodes for each in self.found.get(node, ())]
        known = {(each.requirement, each.place) for each in own if each.place is not None}
        twice = Verdict()
        twice.found_all(each for each in common.findings if (each.requirement, each.place) in known)
        verdict = common.without(twice)
        unique = {(each.requirement, each.place or (each.task_id, each.message)): each for each in own}
        verdict.found_all(unique.values())
        return verdict

    def _faults(self, name: str, lab: session.Environment) -> dict[str, set[str]]:
        faults = lab.faults()
        for node, plan in self.planned.items():
            if (plan.environment, plan.round) == (name, self.round):
                faults.note_all(f"{plan.short_id} {plan.name}", self.found.get(node, ()))
        return faults.found

    def _told_once(self, finding: Finding) -> Finding:
        """Name the scenario as its first run is called: in the report its runs are one."""
        return replace(finding, scenario=self._first_node.get(finding.scenario or "", finding.scenario))

    @cached_property
    def _first_node(self) -> dict[str, str]:
        first: dict[tuple[str, str], str] = {}
        return {
            node: first.setdefault((plan.short_id or node, plan.environment), node)
            for node, plan in self.planned.items()
        }

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


def _left_out(lab: session.Environment, error: BrokerUnavailable) -> str:
    """Give an environment up whose broker need not be there, and say why; any other's is an error."""
    if not is_optional(lab.broker_choice):
        raise error
    lab.abandon()
    return str(error).splitlines()[0]


def _short(broker: str) -> str:
    return name_of(broker) if "://" in broker else broker
