"""Loads the suite's plugin and the vocabulary of its steps."""

from __future__ import annotations

import importlib

import pytest

pytest_plugins = ["logconform.pytest_plugin"]

NOUNS = ("workers", "tasks", "records", "sinks", "lifecycle", "messages")


def pytest_configure(config: pytest.Config) -> None:
    for noun in NOUNS:
        config.pluginmanager.register(importlib.import_module(f"steps.{noun}"), f"logconform steps {noun}")
