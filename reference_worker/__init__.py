"""A small real Celery service whose log conforms to the worker logging contract.

`reference_worker.logging` is the part to copy: it imports nothing of the rest.
"""
