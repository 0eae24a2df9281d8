"""Celery tasks, by subject: doorways with an id in, a transaction and one call."""
