"""What the tasks of a generated sample say: names, fields and tracebacks like those of a real service."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

Choice = int | Sequence[str]
"""A number below a limit, or one of some texts that stand in JSON as they are."""


@dataclass(frozen=True, slots=True)
class Step:
    """One record of a body: `fields` is JSON text with a place for each of the `values`."""

    event: str
    fields: str = ""
    values: tuple[Choice, ...] = ()
    level: str = "info"
    logger: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of task: its name, the logger and operation of its body, and what it says there."""

    name: str
    logger: str
    operation: str
    keys: tuple[str, ...]
    steps: tuple[Step, ...]
    error: str
    traceback: str


_CELERY = "/usr/lib/python3.11/site-packages/celery/app/trace.py"


def traceback_of(module: str, function: str, calls: Sequence[str], error: str) -> str:
    """Return a traceback through *calls* as JSON text, as Python 3.11 writes it for a Celery task."""
    frames = [
        ("/usr/lib/python3.11/site-packages/celery/app/trace.py", 477, "trace_task", "R = retval = fun(*args, **kw)"),
        (
            "/usr/lib/python3.11/site-packages/celery/app/trace.py",
            760,
            "__protected_call__",
            "return self.run(*a, **k)",
        ),
    ]
    path = "/srv/app/" + module.replace(".", "/") + ".py"
    named = [function, *(call.partition("(")[0].rpartition(".")[2] for call in calls[:-1])]
    frames += [(path, 31 + 17 * depth, *frame) for depth, frame in enumerate(zip(named, calls, strict=True))]
    lines = ["Traceback (most recent call last):"]
    for file, line, name, code in frames:
        lines += [f'  File "{file}", line {line}, in {name}', f"    {code}", "    " + "^" * len(code)]
    return json.dumps("\n".join([*lines, error]), ensure_ascii=False)


PEOPLE = (
    *(
        "Zoë Müller",
        "Łukasz Żak",
        "José Ibáñez",
        "Ngô Thị Hạnh",
        "Søren Kjær",
        "Anna Schmidt",
        "李小龙",
        "Олена Коваль",
    ),
    *("John Smith", "Mary Jones", "Peter Brown", "Eva Novak", "Ali Hassan", "Grace Kim", "Tom O'Neil", "Ida Berg"),
)
CITIES = ("Zürich", "Kraków", "São Paulo", "Berlin", "Hà Nội", "Oslo", "Lyon", "Malmö", "Denver", "Osaka")
SUBJECTS = (
    *("Confirm your address", "Your invoice", "Welcome aboard", "Weekly digest", "Ihre Bestellung", "Votre facture"),
    *("Password changed", "New sign-in", "Report ready", "Storage almost full", r"About \"Q3\"", "Maintenance tonight"),
)
HOSTS = ("api.billing.example.com", "files.example.net", "search.example.org", "geo.example.com")
PATHS = ("v2/invoices", "v1/artifacts", "v3/documents/latest", "v1/addresses/normalise")
FORMATS = ("pdf", "xlsx", "csv", "parquet", "png")
CURRENCIES = ("EUR", "CHF", "USD", "PLN", "BRL")
ESCAPED = (
    r"C:\\Exports\\2025\\september.csv",
    r"two lines:\nthe second",
    r"tab\tseparated\tvalues",
    r"a \"quoted\" name",
    r"line\u2028separator",
)

_HTTP = Step(
    "HTTP Request",
    ',"method":"GET","url":"https://%s/%s?page=%d&limit=100","status_code":200,"elapsed_ms":%d,"response_bytes":%d',
    (HOSTS, PATHS, 40, 90, 60_000),
    logger="httpx",
)
_QUERY = Step(
    "Query finished",
    ',"statement":"SELECT id, name, city, zone FROM customers WHERE region = %%s ORDER BY id LIMIT %d"'
    ',"database":"orders-replica-%d","rows":%d,"query_ms":%d.%02d5,"cached":false',
    (5_000, 3, 5_000, 40, 100),
    logger="app.storage.queries",
)
_SLOW = Step(
    "Query slower than usual", ',"query_ms":%d,"usual_ms":%d,"table":"customers"', (900, 40), "warning", _QUERY.logger
)
_CACHE = Step("Cache consulted", ',"region":"%s","hits":%d,"misses":%d,"ratio":0.%d5', (CITIES, 90, 20, 10))
_ODD = Step("Value normalised", ',"original":"%s","position":{"row":%d,"column":%d}', (ESCAPED, 9_000, 40), "warning")

_EMAIL = "app.tasks.email"
_DATA = "app.tasks.data"
_BILLING = "app.tasks.billing"
_UPKEEP = "app.tasks.maintenance"

KINDS = (
    Kind(
        "send_verification_email",
        _EMAIL,
        "email.send_verification",
        ("user_id", "email", "verification_token", "tenant_id"),
        (
            Step(
                "Sending verification email",
                ',"email_recipient":"user%d@mail.example","email_type":"verification","recipient":{"name":"%s","city":"%s"}',
                (20_000, PEOPLE, CITIES),
            ),
            Step(
                "Template rendered",
                ',"template":"verification","language":"de","city":"%s","variants":["html","text"],"render_ms":%d.%02d5',
                (CITIES, 9, 100),
            ),
            Step(
                "Message accepted",
                ',"email_recipient":"user%d@mail.example","subject":"%s","size_bytes":%d,"smtp":{"code":250,"queue":"q%d","tls":true}',
                (20_000, SUBJECTS, 90_000, 10_000_000),
            ),
            _CACHE,
        ),
        "ConnectionError: SMTP server unavailable",
        traceback_of(
            _EMAIL,
            "send_verification_email",
            (
                "deliver(render(message))",
                "smtp.send_message(message)",
                'raise ConnectionError("SMTP server unavailable")',
            ),
            "ConnectionError: SMTP server unavailable",
        ),
    ),
    Kind(
        "process_artifact_data",
        _DATA,
        "data.process_artifact",
        ("artifact_id", "tenant_id", "user_id"),
        (
            Step(
                "Starting artifact data processing",
                ',"artifact_id":"artifact-%d","source":"https://files.example.net/artifacts/%d","size_bytes":%d',
                (900_000, 900_000, 9_000_000),
            ),
            _HTTP,
            _QUERY,
            Step(
                "Artifact processing completed",
                ',"artifact_id":"artifact-%d","processing_time_ms":%d,"result":{"pages":%d,"format":"%s","parts":[%d,%d,%d],"complete":true}',
                (900_000, 900, 60, FORMATS, 90, 90, 90),
            ),
            _SLOW,
            _ODD,
        ),
        "app.errors.ArtifactMissing: no such artifact in the store",
        traceback_of(
            _DATA,
            "process_artifact_data",
            ("checksum(open_artifact(store))", "store.fetch(name)", "raise ArtifactMissing(name)"),
            "app.errors.ArtifactMissing: no such artifact in the store",
        ),
    ),
    Kind(
        "close_invoice",
        _BILLING,
        "billing.close_invoice",
        ("invoice_number", "tenant_id", "user_id"),
        (
            Step(
                "Invoice loaded",
                ',"invoice_number":"2025-%06d","positions":%d,"customer":{"name":"%s","city":"%s","active":true}',
                (1_000_000, 60, PEOPLE, CITIES),
            ),
            _QUERY,
            Step(
                "Invoice closed",
                ',"invoice_number":"2025-%06d","amount":%d.%d5,"currency":"%s","due_in_days":%d,"reminder":null',
                (1_000_000, 9_000, 10, CURRENCIES, 60),
            ),
            _HTTP,
            _CACHE,
        ),
        "ValueError: the positions do not add up to the total",
        traceback_of(
            _BILLING,
            "close_invoice",
            ("verify(invoice)", 'raise ValueError("the positions do not add up to the total")'),
            "ValueError: the positions do not add up to the total",
        ),
    ),
    Kind(
        "cleanup_expired_tokens",
        _UPKEEP,
        "maintenance.cleanup_tokens",
        (),
        (
            Step("Starting token cleanup", ',"older_than_days":%d,"batch_size":500,"dry_run":false', (90,)),
            _QUERY,
            Step("Token cleanup completed", ',"expired_tokens_removed":%d,"cleanup_duration_ms":%d', (900, 500)),
        ),
        "sqlalchemy.exc.OperationalError: database is locked",
        traceback_of(
            _UPKEEP,
            "cleanup_expired_tokens",
            ("session.execute(expired)", "raise translated from fault"),
            "sqlalchemy.exc.OperationalError: database is locked",
        ),
    ),
)
