"""Pools and brokers beside the default ones: each environment is judged for itself, and told apart in the report."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 120


def need_rabbitmq() -> None:
    if os.environ.get("LOGCONFORM_RABBITMQ"):
        return
    with socket.socket() as probe:
        probe.settimeout(2)
        if probe.connect_ex(("127.0.0.1", 5672)) == 0:
            return
    if "amqp" in os.environ.get("LOGCONFORM_REQUIRE", "").split(","):
        pytest.fail("RabbitMQ is required here, and nothing answers on 127.0.0.1:5672")
    pytest.skip("no RabbitMQ: start the system's, or name one by LOGCONFORM_RABBITMQ")


def judged(tmp_path: Path, *arguments: str) -> dict[str, object]:
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pytest", "features/", "-q", "-p", "no:cacheprovider", "--report", str(report)]
    finished = subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    told: dict[str, object] = json.loads(report.read_text("utf-8"))
    return told


def test_rabbitmq_redelivers_and_revokes(tmp_path: Path) -> None:
    """LIFE002, LIFE003 on a broker of others: a queue of its own, which is gone afterwards."""
    need_rabbitmq()
    told = judged(tmp_path, "--environment", "prefork-rabbitmq", "-m", "LIFE002 or LIFE003")
    outcomes = {scenario["name"]: scenario["outcome"] for scenario in told["scenarios"]}  # type: ignore[attr-defined]
    assert set(outcomes.values()) == {"passed"}, outcomes
    assert [each["name"] for each in told["environments"]] == ["prefork-rabbitmq"]  # type: ignore[attr-defined]


def test_each_environment_has_a_verdict_of_its_own(tmp_path: Path) -> None:
    """One requirement, three environments: spawned children and files for a broker among them."""
    wanted = ["prefork-spawn-embedded", "solo-embedded", "prefork-filesystem"]
    named = [part for name in wanted for part in ("--environment", name)]
    told = judged(tmp_path, *named, "-m", "CTX005 and not LIFE001", "-k", "succeeds or chain")
    [requirement] = [each for each in told["requirements"] if each["checked"]]  # type: ignore[attr-defined]
    assert requirement["id"] == "CTX005"
    assert {name: each["status"] for name, each in requirement["environments"].items()} == dict.fromkeys(
        wanted, "passed"
    )
