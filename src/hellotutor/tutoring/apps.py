"""The Django application of tutoring."""

from django.apps import AppConfig


class TutoringConfig(AppConfig):
    """See the package."""

    name = "hellotutor.tutoring"
    label = "tutoring"
    default_auto_field = "django.db.models.BigAutoField"
