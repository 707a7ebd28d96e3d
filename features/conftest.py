"""Loads the suite's plugin and the vocabulary of its steps."""

from __future__ import annotations

import importlib

import pytest

pytest_plugins = ["logconform.pytest_plugin"]

NOUNS = ("workers", "revocations", "canvases", "traces", "tasks", "records", "sinks", "lifecycle", "messages")
"""In this order a step's text is looked for: `tasks` has the most general ones."""


def pytest_configure(config: pytest.Config) -> None:
    for noun in NOUNS:
        config.pluginmanager.register(importlib.import_module(f"steps.{noun}"), f"logconform steps {noun}")
