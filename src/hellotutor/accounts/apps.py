"""The Django application of accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users and access."""

    name = "hellotutor.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
