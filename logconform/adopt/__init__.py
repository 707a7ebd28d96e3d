"""`logconform init`: the Celery app of a repository, its configuration, and the waivers that its state needs."""
