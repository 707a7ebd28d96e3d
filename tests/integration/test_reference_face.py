"""The reference worker's log as a library: used where Celery is not installed, and by a type checker."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from reference_worker import logging

ROOT = Path(__file__).parents[2]
SECONDS = 60

WITHOUT_CELERY = """
import sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"celery", "billiard", "kombu", "vine", "amqp"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
"""
LOGS = """
import logging, warnings
from reference_worker.logging import *

configure_structured_logging(service_name="billing", log_file=sys.argv[1])
clear_context()
bind_context(tenant_id=0)
with log_context(operation="invoice.send"):
    get_logger("billing.invoices").info("Invoice sent", invoice_id=7, password="hunter2hunter2")
clear_context()
logging.getLogger("library").warning("Retrying in %d s", 3)
print("printed")
"""
INSTRUMENTS = """
from reference_worker.logging import instrument
try:
    instrument(None)
except ImportError as error:
    print(f"{error.name}: {error}")
"""
USER = """
from celery import Celery
from reference_worker.logging import bind_context, clear_context, configure_structured_logging, get_logger, instrument
from reference_worker.logging import log_context

app: Celery = instrument(Celery("billing"))
configure_structured_logging("billing", log_level="debug", log_file=None)
with log_context(operation="invoice.send"):
    get_logger(__name__).info("Invoice sent", invoice_id=7)
bind_context(tenant_id="acme")
clear_context()
configure_structured_logging(service_name=7)
instrument()
"""


def run(program: str, *arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_logging_needs_no_celery(tmp_path: Path) -> None:
    """All but `instrument` works where Celery cannot be imported, and gives the records it gives elsewhere."""
    log = tmp_path / "billing.log"
    finished = run(WITHOUT_CELERY + LOGS, str(log))
    assert (finished.returncode, finished.stderr) == (0, "")
    members = ("service", "event", "tenant_id", "operation", "password", "message")
    assert [tuple(json.loads(line).get(m) for m in members) for line in finished.stdout.splitlines()] == [
        ("billing", "Invoice sent", "0", "invoice.send", "[redacted]", None),
        ("billing", "Retrying in %d s", None, None, None, "Retrying in 3 s"),
        ("billing", "Line on standard output", None, None, None, "printed"),
    ]
    assert log.read_text() == finished.stdout


def test_instrument_without_celery_says_what_to_install() -> None:
    """It can be imported; the call names what is missing, and the remedy."""
    finished = run(WITHOUT_CELERY + INSTRUMENTS)
    assert finished.stderr == ""
    assert finished.stdout == (
        "billiard: instrument() needs Celery, which cannot be imported (No module named 'billiard'): "
        "python -m pip install celery. Everything else in reference_worker.logging works without it.\n"
    )


def test_logging_imports_no_celery_where_there_is_one() -> None:
    """A process that only logs does not pay for Celery's import."""
    finished = run("import sys, reference_worker.logging as log; print(*log.__all__, 'celery' in sys.modules)")
    assert finished.stdout.split() == [*logging.__all__, "False"]


def test_a_type_checker_sees_the_types(tmp_path: Path) -> None:
    """The package is typed: right calls pass strict checking, wrong ones do not."""
    assert (Path(logging.__file__).parents[1] / "py.typed").exists()
    user = tmp_path / "user.py"
    user.write_text(USER)
    checked = run(
        "import sys; from mypy import api; out, err, status = api.run(sys.argv[1:]); print(out, err); sys.exit(status)",
        *("--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache"), "--config-file", "pyproject.toml"),
        str(user),
    )
    assert re.findall(r"error: .*\[(.+)\]", checked.stdout) == ["arg-type", "call-arg"], checked.stdout + checked.stderr
