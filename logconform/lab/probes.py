"""
Probe tasks: small tasks that end in each way a task can, and log as they go.

Loaded by `celery worker --include` into the worker under test; `shared_task`
gives them the service's own task class. Every probe takes `probe`, a nonce
that stands in each record its body writes, so that a record can be told to
belong to an execution even when its context is wrong.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from celery import current_app, shared_task, signals
from celery.utils.log import get_task_logger

from logconform.lab import values
from logconform.lab.endings import ENDINGS, ExpectedProbeError, ProbeError
from logconform.lab.oracle import note
from logconform.lab.voice import LOGGER, Voice, current_voice

PREFIX = "logconform.probe."
WAYS: dict[str, Callable[[str], logging.Logger]] = {"standard": logging.getLogger, "celery": get_task_logger}
"""Ways to get a logger other than the service's: a library's, and the one that Celery's manual gives to tasks."""
_ANNOTATED = {"rate_limit", "throws", "max_retries", "acks_late", "reject_on_worker_lost", "acks_on_failure_or_timeout"}
_declared: dict[str, dict[str, Any]] = {}
RENDEZVOUS_SECONDS = 10.0
"""How long concurrent probes wait for one another."""


def speak(task: Any, probe: str, point: str, **fields: Any) -> Voice:
    """Write one record from a task's body, and tell the oracle that it was written."""
    voice = current_voice()
    retries = task.request.retries or 0
    voice.get_logger(LOGGER).info("Probe working", probe=probe, point=point, attempt=retries, **fields)
    note("spoke", task_id=task.request.id, probe=probe, point=point, attempt=retries, voice=voice.kind)
    return voice


def speak_as_library(probe: str) -> None:
    """Write a record as a third-party library does: standard logging, a logger of its own."""
    logging.getLogger(f"logconform.library.{probe}").info("Library working")


def _probe(name: str, **options: Any) -> Any:
    """Define a probe: of the service's own task class, but retried, limited and expected only as the probe says."""
    made = {"autoretry_for": (), "throws": (), "rate_limit": 0, **options}  # for None, Celery takes the service's limit
    _declared[PREFIX + name] = {option: value for option, value in made.items() if option in _ANNOTATED}
    return shared_task(bind=True, name=PREFIX + name, **made)


@signals.worker_init.connect(
    weak=False, dispatch_uid="logconform_probe_options"
)  # before the consumer reads the limits
@signals.worker_process_init.connect(weak=False, dispatch_uid="logconform_probe_options")
def _keep_options(**_: Any) -> None:
    """Undo what `task_annotations` made of a probe: they are for the service's own tasks, and may name every task."""
    for name, options in _declared.items():
        task = current_app.tasks.get(name)
        for option, value in options.items() if task is not None else ():
            setattr(task, option, value)


@_probe("end")
def end(self: Any, *_args: Any, probe: str, how: str = "succeeds", **kwargs: Any) -> Any:
    """Speak at the first line, through a library, and at the last; then end as *how* says."""
    speak(self, probe, "first")
    speak_as_library(probe)
    speak(self, probe, "last")
    return ENDINGS[how](self, probe, kwargs)


@_probe("again", acks_late=True, reject_on_worker_lost=True, acks_on_failure_or_timeout=False)
def again(self: Any, *, probe: str, how: str, **kwargs: Any) -> Any:
    """End as *how* says when it is delivered first, and succeed when it is delivered again."""
    speak(self, probe, "first")
    speak(self, probe, "last")
    return ENDINGS[how](self, probe, kwargs)


@_probe("traced")
def traced(self: Any, *, probe: str, trace_id: str, span_id: str, **_kwargs: Any) -> None:
    """Speak before, inside and after an OpenTelemetry span; tell the oracle which span was active at each point."""
    try:
        from opentelemetry import trace
    except ImportError:
        note("no_tracing", task_id=self.request.id, probe=probe)
        return
    identity = trace.SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=trace.TraceFlags(1))
    _speak_with_span(self, probe, "before", trace)
    with trace.use_span(trace.NonRecordingSpan(identity)):
        _speak_with_span(self, probe, "inside", trace)
    _speak_with_span(self, probe, "after", trace)


def _speak_with_span(task: Any, probe: str, point: str, trace: Any) -> None:
    active = trace.get_current_span().get_span_context()
    ids = {"trace_id": f"{active.trace_id:032x}", "span_id": f"{active.span_id:016x}"} if active.is_valid else {}
    note("span", task_id=task.request.id, probe=probe, point=point, active=ids)
    speak(task, probe, point)


@_probe("expected", throws=(ExpectedProbeError,))
def expected(self: Any, *_args: Any, probe: str, **_kwargs: Any) -> None:
    """Raise what the task declares in `throws`."""
    speak(self, probe, "first")
    raise ExpectedProbeError(f"expected by probe {probe}")


@_probe("autoretry", autoretry_for=(ProbeError,), retry_kwargs={"max_retries": 2, "countdown": 0}, retry_backoff=False)
def autoretry(self: Any, *_args: Any, probe: str, failures: int = 1, **_kwargs: Any) -> str:
    """Fail *failures* times; Celery retries by `autoretry_for`, at most twice."""
    speak(self, probe, "first")
    if self.request.retries < failures:
        raise ProbeError(f"attempt {self.request.retries} of probe {probe}")
    return "done"


@_probe("retry", max_retries=3)
def retry(self: Any, *_args: Any, probe: str, failures: int = 1, exc: bool = True, **_kwargs: Any) -> str:
    """Ask for a retry *failures* times, at most three; with or without the exception that caused it."""
    speak(self, probe, "first")
    if self.request.retries >= failures:
        return "done"
    try:
        raise ProbeError(f"attempt {self.request.retries} of probe {probe}")
    except ProbeError as error:
        raise self.retry(exc=error if exc else None, countdown=0) from error


@_probe("retry_in_force", max_retries=9)
def retry_in_force(self: Any, *_args: Any, probe: str, failures: int = 1, **_kwargs: Any) -> str:
    """Ask for retries with a `max_retries` that overrides the task's own: 1 instead of 9."""
    speak(self, probe, "first")
    if self.request.retries >= failures:
        return "done"
    raise self.retry(exc=ProbeError(f"attempt {self.request.retries} of probe {probe}"), countdown=0, max_retries=1)


@_probe("retry_unlimited", max_retries=None)
def retry_unlimited(self: Any, *_args: Any, probe: str, failures: int = 1, **_kwargs: Any) -> str:
    """Ask for retries without limit; succeed after *failures*."""
    speak(self, probe, "first")
    if self.request.retries >= failures:
        return "done"
    raise self.retry(exc=ProbeError(f"attempt {self.request.retries} of probe {probe}"), countdown=0)


@_probe("positional")
def positional(self: Any, tenant_id: Any = None, user_id: Any = None, probe: str = "") -> None:
    """Take its identifiers by position."""
    speak(self, probe, "first")


@_probe("contexts")
def contexts(self: Any, *, probe: str, **_kwargs: Any) -> None:
    """Speak before, inside, deeper inside and after `log_context` blocks, one of them left by an exception."""
    context = speak(self, probe, "before").log_context
    if context is None:
        note("no_log_context", task_id=self.request.id, probe=probe)
        return
    with context(probe_outer="outer", probe_shared="outer"):
        speak(self, probe, "outer")
        with context(probe_inner="inner", probe_shared="inner", operation="probe.inner"):
            speak(self, probe, "inner")
        speak(self, probe, "outer again")
        _leave_by_exception(self, probe, context)
        speak(self, probe, "after exception")
    speak(self, probe, "after")


def _leave_by_exception(task: Any, probe: str, context: Any) -> None:
    try:
        with context(probe_inner="raising", probe_shared="raising"):
            speak(task, probe, "raising")
            raise ProbeError(f"leaves a block of probe {probe}")
    except ProbeError:
        pass


@_probe("nested")
def nested(self: Any, *, probe: str, inner_probe: str, inner_how: str = "succeeds", **kwargs: Any) -> None:
    """Run another task in-process, for another tenant, between two records of its own."""
    inner = {"tenant_id": kwargs.pop("inner_tenant_id", None), "user_id": kwargs.pop("inner_user_id", None)}
    speak(self, probe, "before")
    end.apply(kwargs={"probe": inner_probe, "how": inner_how, **{k: v for k, v in inner.items() if v is not None}})
    speak(self, probe, "after")


@_probe("odd_identifier")
def odd_identifier(self: Any, *, probe: str, inner_probe: str, value: str, **_kwargs: Any) -> None:
    """Run another task in-process whose tenant is an object that no message could carry."""
    speak(self, probe, "before")
    end.apply(kwargs={"probe": inner_probe, "how": "succeeds", "tenant_id": values.identifier(value)})
    speak(self, probe, "after")


@_probe("meet")
def meet(self: Any, *, probe: str, folder: str, party: int, **_kwargs: Any) -> None:
    """Speak while *party* probes are running at once: each waits until all have come."""
    speak(self, probe, "before")
    with open(os.path.join(folder, probe), "w"):  # noqa: PTH118, PTH123 - as little as possible runs in the worker
        pass
    deadline = time.monotonic() + RENDEZVOUS_SECONDS
    while len(os.listdir(folder)) < party and time.monotonic() < deadline:  # noqa: PTH208
        time.sleep(0.005)  # gives the other greenlet or thread its turn
    met = len(os.listdir(folder)) >= party  # noqa: PTH208
    note("met", task_id=self.request.id, probe=probe, met=met)
    for turn in range(5):
        speak(self, probe, f"together {turn}")
        time.sleep(0.001)


@_probe("send")
def send(self: Any, *, probe: str, child_probe: str, child_id: str, queue: str, **_kwargs: Any) -> None:
    """Send another task."""
    speak(self, probe, "before")
    end.apply_async(kwargs={"probe": child_probe, "how": "succeeds"}, task_id=child_id, queue=queue)
    speak(self, probe, "after")


@_probe("log_value")
def log_value(self: Any, *, probe: str, value: str, **_kwargs: Any) -> None:
    """Log one value that JSON cannot hold, or that tries to forge, as a field."""
    made = values.VALUES[value](probe)
    speak(self, probe, "value", value=made)
    speak(self, probe, "after")


@_probe("log_event")
def log_event(self: Any, *, probe: str, value: str, **_kwargs: Any) -> None:
    """Log a text that tries to forge, as the event itself."""
    text = values.VALUES[value](probe)
    current_voice().get_logger(LOGGER).info(text, probe=probe, point="event")
    speak(self, probe, "after")


@_probe("log_members")
def log_members(self: Any, *, probe: str, **_kwargs: Any) -> None:
    """Log fields whose names the record already has."""
    voice = current_voice()
    taken = {"task_id": self.request.id, "operation": "probe.names"}
    voice.get_logger(LOGGER).info("Probe working", probe=probe, point="names", attempt=0, **taken)
    speak(self, probe, "after")


@_probe("third_party")
def third_party(self: Any, *, probe: str, **_kwargs: Any) -> None:
    """Speak through standard logging, with arguments, and through `warnings`."""
    speak(self, probe, "first")
    logging.getLogger(f"logconform.library.{probe}").warning("Library spoke of %s", probe)
    warnings.warn(f"Library warns in probe {probe}", UserWarning, stacklevel=1)


@_probe("every_way")
def every_way(self: Any, *, probe: str, **_kwargs: Any) -> None:
    """Say one thing through each way of logging that a worker has."""
    speak(self, probe, "first")
    for way, logger_of in WAYS.items():
        logger_of(f"logconform.library.{probe}.{way}").warning("Library speaks by %s in %s", way, probe)
    warnings.warn(f"Library warns in probe {probe}", UserWarning, stacklevel=1)


@_probe("levels")
def levels(self: Any, *, probe: str, **_kwargs: Any) -> None:
    """Speak at every level, through the service's logger and through a library's."""
    speak(self, probe, "first")
    own = current_voice().get_logger(LOGGER)
    for level in ("debug", "info", "warning", "error", "critical"):
        getattr(own, level)("Probe working", probe=probe, point=f"at_{level}", attempt=0)
        getattr(logging.getLogger(f"logconform.library.{probe}.at_{level}"), level)("Library working")


@_probe("flood")
def flood(self: Any, *, probe: str, sizes: list[int], records: int, **_kwargs: Any) -> None:
    """Write so many numbered records, of *sizes* in turn."""
    logger = current_voice().get_logger(LOGGER)
    for number in range(records):
        filler = "x" * sizes[number % len(sizes)]
        logger.info("Probe floods", probe=probe, point=str(number), attempt=0, filler=filler)


@_probe("prints")
def prints(self: Any, *, probe: str, **_kwargs: Any) -> None:
    """Print to standard output, as forgotten debugging does."""
    speak(self, probe, "first")
    print(f"printed by probe {probe}")
    print(f"flushed by probe {probe}", flush=True)
    sys.stdout.flush()


@_probe("secrets")
def secrets(self: Any, *, probe: str, verification_token: str, place: str, **_kwargs: Any) -> None:
    """Put a secret where tasks put them: arguments, fields, URLs, messages of exceptions."""
    voice = speak(self, probe, "first")
    _SECRET_PLACES[place](self, voice, probe, verification_token)
    speak(self, probe, "last")


def _secret_in_fields(_task: Any, voice: Voice, probe: str, canary: str) -> None:
    headers = [{"Authorization": f"Bearer {canary}", "Set-Cookie": canary, "PRIVATE_KEY": canary}]
    nested = {"credentials": {"apiKey": canary}, "client-secret": canary, "passwd": canary, "headers": headers}
    fields = {"password": canary, "verification_token": canary, "request": nested}
    voice.get_logger(LOGGER).info("Probe working", probe=probe, point="fields", attempt=0, **fields)


def _secret_in_url(_task: Any, voice: Voice, probe: str, canary: str) -> None:
    url = f"https://ghost:{canary}@example.com/hook?api_key={canary}"
    voice.get_logger(LOGGER).info("Probe working", probe=probe, point="url", attempt=0, target=url)


def _secret_in_exception(_task: Any, _voice: Voice, probe: str, canary: str) -> None:
    raise ConnectionError(f"refused in probe {probe}: password={canary} at smtp://ghost:{canary}@mail.example.com")


def _secret_in_retries(task: Any, _voice: Voice, _probe: str, _canary: str) -> None:
    raise task.retry(countdown=0, max_retries=1)  # Celery's own MaxRetriesExceededError shows the arguments


def _secret_in_arguments(*_: Any) -> None:
    """The secret is among the arguments already; the body does nothing with it."""


_SECRET_PLACES = {
    "the arguments": _secret_in_arguments,
    "a field": _secret_in_fields,
    "a URL": _secret_in_url,
    "the message of an exception": _secret_in_exception,
    "the arguments of a task that uses up its retries": _secret_in_retries,
}


@signals.task_received.connect(weak=False, dispatch_uid="logconform_probe_outside")
def _speak_outside(request: Any = None, **_: Any) -> None:
    """Write a record outside any task, when a probe that asks for it is received."""
    probe = (getattr(request, "kwargs", None) or {}).get("outside")
    if not probe or not str(getattr(request, "name", "")).startswith(PREFIX):
        return
    current_voice().get_logger(LOGGER).info("Probe outside any task", probe=probe, point="outside")
    note("spoke_outside", probe=probe)
