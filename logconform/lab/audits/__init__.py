"""Audits: the log of a scenario's tasks, held against what really happened. One module per area of the contract."""
