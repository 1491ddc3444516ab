"""The Django application of retrieval."""

from django.apps import AppConfig


class RetrievalConfig(AppConfig):
    """See the package."""

    name = "hellotutor.retrieval"
    label = "retrieval"
    default_auto_field = "django.db.models.BigAutoField"
