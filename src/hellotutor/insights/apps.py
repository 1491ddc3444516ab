"""The Django application of insights."""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    """See the package."""

    name = "hellotutor.insights"
    label = "insights"
    default_auto_field = "django.db.models.BigAutoField"
