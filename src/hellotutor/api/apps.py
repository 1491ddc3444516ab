"""Django's name for this room."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The REST API."""

    name = "hellotutor.api"
    default_auto_field = "django.db.models.BigAutoField"
