"""Django's name for this room."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The pages."""

    name = "hellotutor.web"
    default_auto_field = "django.db.models.BigAutoField"
