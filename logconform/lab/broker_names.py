"""What the lab's brokers are called. Apart from them, since whoever only names one need not load what runs it."""

EMBEDDED, FILESYSTEM, RABBITMQ = BROKERS = ("embedded", "filesystem", "rabbitmq")
"""Any other broker is an address."""
