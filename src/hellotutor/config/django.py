"""Django's settings, made from ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .database import describe_database
from .secrets import load_secret
from .settings import get_settings
from .storage import describe_storage

_settings = get_settings()

DATA_DIR = _settings.data_dir
SECRET_KEY = load_secret(_settings, "SECRET_KEY")
HMAC_SECRET = load_secret(_settings, "HMAC_SECRET")
DEBUG = False
ALLOWED_HOSTS = [name.strip() for name in _settings.allowed_hosts.split(",")]
_PUBLIC = urlsplit(_settings.public_url)
if _PUBLIC.hostname:
    ALLOWED_HOSTS.append(_PUBLIC.hostname)
    CSRF_TRUSTED_ORIGINS = [_settings.public_url]
if _PUBLIC.scheme == "https":  # the proxy before us ends HTTPS and says so
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
GOOGLE_CLIENT_ID = _settings.google_client_id

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "rest_framework",
    "drf_spectacular",
    "hellotutor.accounts",
    "hellotutor.monitoring",
    "hellotutor.documents",
    "hellotutor.retrieval",
    "hellotutor.tutoring",
    "hellotutor.insights",
    "hellotutor.api",
    "hellotutor.web",
]
MIDDLEWARE = [
    "hellotutor.web.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hellotutor.web.middleware.FailureMiddleware",
]
ROOT_URLCONF = "hellotutor.config.urls"
ASGI_APPLICATION = "hellotutor.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "hellotutor.web.context.describe_tutor",
            ],
        },
    },
]
LOGIN_URL = "web:sign_in"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _PUBLIC.scheme == "https"
CSRF_FAILURE_VIEW = "hellotutor.web.errors.refuse_forgery"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
USE_I18N = False
LANGUAGE_CODE = "en"

STATIC_URL = "/static/"
STATIC_ROOT = str(DATA_DIR / "static")  # filled by `hellotutor serve`
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 << 20  # larger uploads are written to a file while they come
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20  # of everything in a request but its files
DATA_UPLOAD_MAX_NUMBER_FILES = 20
MAX_FILE_BYTES = _settings.max_file_mb * 1_000_000

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}
INGEST_LEASE_S = _settings.ingest_lease_s
INGEST_ATTEMPTS = _settings.ingest_attempts
# Rooms below `config` get their adapters by these names.
INGESTION_PARTS = "hellotutor.config.composition.ingestion_parts"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "hellotutor.api.authentication.TokenAuthentication",
        "hellotutor.api.authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["hellotutor.api.permissions.IsSignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "hellotutor.api.paging.Pages",
    "DEFAULT_SCHEMA_CLASS": "hellotutor.api.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "hellotutor.api.errors.handle",
    "PAGE_SIZE": 20,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "HelloTutor",
    "DESCRIPTION": "A self-hosted tutor over your own documents.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

DATABASES = {"default": describe_database(_settings)}

STORAGES = {
    "default": describe_storage(_settings),
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # what a visitor did wrong is told to the visitor; what we did wrong is captured where it is caught
    "loggers": {"django.request": {"level": "CRITICAL"}, "django.security": {"level": "ERROR"}},
}
