"""What happens before any command: settings, Django, monitoring; and before the data is used: the schema."""

from __future__ import annotations

import os
import re
from functools import cache

import django
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from dotenv import dotenv_values

from hellotutor.core.errors import HelloTutorError, Unavailable
from hellotutor.monitoring import MonitoringConfig, MonitoringState, capture, catalogue, start_monitoring

from .database import describe_unusable_database, hold_schema
from .settings import Settings, find_env_file, get_settings


@cache
def start() -> MonitoringState:
    """Set Django up and start monitoring, once a process.

    Raises:
        Invalid: a setting is not usable.
        Unavailable: DATA_DIR can't be written.
    """
    settings = get_settings()
    os.umask(0o077)  # what is kept is for its owner only
    _make_data_dir(settings)
    os.environ["DJANGO_SETTINGS_MODULE"] = "hellotutor.config.django"
    django.setup()
    return start_monitoring(_monitoring_config(settings))


def start_bare_monitoring() -> MonitoringState:
    """Start monitoring from the environment where the settings could not be read, so that this is reported too."""
    given = {**_env_file_values(), **os.environ}
    environment = given.get("SENTRY_ENVIRONMENT") or given.get("ENV") or "development"
    return start_monitoring(
        MonitoringConfig(
            dsn=given.get("SENTRY_DSN") or "",
            # it may be the very value that is malformed, and hold anything
            environment=environment if re.fullmatch(r"[a-z0-9_-]{1,40}", environment) else "unknown",
        )
    )


def _env_file_values() -> dict[str, str | None]:
    try:
        return dotenv_values(find_env_file(), encoding="utf-8")
    except (OSError, ValueError, HelloTutorError):  # it may be the very file that can't be read
        return {}


def migrate() -> bool:
    """Bring the database to this version's schema; return whether anything had to be done.

    Raises:
        Unavailable: the database can't be used.
    """
    try:
        if not _is_behind():
            return False
        with hold_schema(get_settings()):
            if not _is_behind():  # another process did it meanwhile
                return False
            call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        capture(catalogue.DATABASE, error, error_type=type(error).__name__)
        raise Unavailable("database_unusable", describe_unusable_database()) from error
    return True


def _is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _make_data_dir(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(
            "data_dir_unusable",
            f"The folder {settings.data_dir} can't be made: set DATA_DIR to a folder that you may write.",
            retryable=False,
        ) from error
    if not os.access(settings.data_dir, os.W_OK):
        raise Unavailable(
            "data_dir_unusable",
            f"The folder {settings.data_dir} can't be written: set DATA_DIR to another one.",
            retryable=False,
        )


def _monitoring_config(settings: Settings) -> MonitoringConfig:
    from django.conf import settings as django_settings

    return MonitoringConfig(
        dsn=settings.sentry_dsn,
        environment=settings.monitoring_environment,
        traces_sample_rate=settings.sentry_traces_sample_rate,
        include_text=settings.monitoring_include_text,
        hash_key=django_settings.HMAC_SECRET,
    )
