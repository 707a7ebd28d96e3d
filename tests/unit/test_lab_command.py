"""The command of a worker, where a service has one of its own."""

from __future__ import annotations

import pytest

from logconform.config import WORKER_PLACEHOLDERS
from logconform.lab.brokers import Broker
from logconform.lab.command import own_command, worker_command
from logconform.lab.refusal import same_place

BROKER = Broker("redis://b/0", "redis://b/1", "redis://b")
OPTIONS = ["--pool", "solo", "--concurrency", "1", "--without-gossip", "--hostname", "a b@%h", "--include", "x,y"]
QUOTED = "--pool solo --concurrency 1 --without-gossip --hostname 'a b@%h' --include x,y"

CASES = {
    "options are appended": (["./start.sh"], ["./start.sh", *OPTIONS]),
    "options stand where they are wanted": (["run", "{options}", "--then"], ["run", *OPTIONS, "--then"]),
    "inside a longer argument they are quoted": (["sh", "-c", "run {options}"], ["sh", "-c", f"run {QUOTED}"]),
    "single values, and the rest appended": (["run", "-n={concurrency}"], ["run", "-n=1", *OPTIONS]),
    "with include nothing is appended": (["run", "-P{pool}", "-I", "{include}"], ["run", "-Psolo", "-I", "x,y"]),
    "addresses": (["run", "{broker}", "{result_backend}", "{include}"], ["run", "redis://b/0", "redis://b/1", "x,y"]),
    "a shell's variables are its own": (
        ["sh", "-c", "${pool} {json} {options}"],
        ["sh", "-c", f"${{pool}} {{json}} {QUOTED}"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_labs_options_go_where_the_command_says(name: str) -> None:
    """At the end, unless a placeholder takes them."""
    template, expected = CASES[name]
    assert own_command(template, OPTIONS, BROKER) == expected


def test_every_placeholder_has_a_value() -> None:
    """Whatever the configuration accepts is filled in."""
    whole = worker_command("a:b", pool="solo", concurrency=1, broker=BROKER, includes=["x"])
    template = ["{" + name + "}" for name in WORKER_PLACEHOLDERS]
    made = own_command(template, whole[whole.index("worker") + 1 :], BROKER)
    assert [word for word in made if "{" in word] == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("redis://h:1", "redis://h:1", True),
        ("redis://h", "redis://h:6379", True),
        ("redis://h:1", "redis://h:2", False),
        ("redis://h", "amqp://h", False),
        ("amqp://a;amqp://b", "amqp://a:5672;amqp://b:5672", True),
        ("amqp://a;amqp://b", "amqp://a", False),
        (None, "redis://h", True),
    ],
)
def test_two_names_of_one_broker_are_known(one: str | None, other: str, same: bool) -> None:
    """A port may be left out; what the worker can't tell is no accusation."""
    assert same_place(one, other) is same
