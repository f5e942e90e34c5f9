"""The Django project: settings, URLs, the Celery application, health, and the sandbox."""

from portal import garbage  # isort: skip  # before anything large is imported
from portal.celery import app as celery_app

__all__ = ["celery_app", "garbage"]
