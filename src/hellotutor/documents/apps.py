"""The Django application of documents."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """See the package."""

    name = "hellotutor.documents"
    label = "documents"
    default_auto_field = "django.db.models.BigAutoField"
