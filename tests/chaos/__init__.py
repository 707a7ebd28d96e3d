"""The reference worker under load, while its children are killed, its log rotates, and its broker restarts."""
