"""The Django application of monitoring."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """See the package."""

    name = "hellotutor.monitoring"
    label = "monitoring"
    default_auto_field = "django.db.models.BigAutoField"
