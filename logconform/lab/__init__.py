"""The lab: run any Celery app's worker black-box, stimulate it with probe tasks, and judge its log stream."""
