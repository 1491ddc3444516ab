"""Every setting of the program, typed, with its default; read from the environment or from a file of ours.

The file is the one that ENV_FILE names, otherwise `.env` in the checkout that the program runs from, otherwise `.env`
in the data folder. A `.env` that merely lies in the current folder belongs to somebody else and is not looked at.
`.env.example` and docs/configuration.md describe the same settings; a test holds the three together.
"""

from __future__ import annotations

import importlib.util
import os
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import dj_database_url
import platformdirs
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hellotutor.core.errors import Invalid

_PRODUCTION = "production"
_POSTGRES = ("postgres", "postgresql")
_DATABASES = ("sqlite", *_POSTGRES)


def default_data_dir() -> Path:
    """Return the user's data folder of this platform."""
    return Path(platformdirs.user_data_dir("hellotutor", appauthor=False))


def find_env_file() -> Path:
    """Return where the settings file is, or would be.

    Raises:
        Invalid: ENV_FILE names no file (`bad_setting`).
    """
    if os.environ.get("ENV_FILE"):
        named = Path(os.environ["ENV_FILE"]).expanduser()
        if not named.is_file():
            raise Invalid("bad_setting", f"ENV_FILE names {named}, which is no file: name your settings file.")
        return named
    checkout = Path(__file__).parents[3]
    if (checkout / "pyproject.toml").is_file() and (checkout / "script" / "run").is_file():
        return checkout / ".env"
    return Path(os.environ.get("DATA_DIR") or default_data_dir()).expanduser() / ".env"


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()


def _usable_database(url: str) -> str:
    """Let through SQLite, and Postgres where its driver is installed."""
    scheme = url.partition("://")[0]
    try:
        is_usable = not url or (scheme in _DATABASES and "#" not in url and bool(dj_database_url.parse(url)["NAME"]))
    except (ValueError, KeyError):  # such as a port that is no number
        is_usable = False
    if not is_usable:
        raise ValueError(
            "it is sqlite:////full/path/to/file or postgresql://user:password@host/database "
            "(in user and password, write what isn't a letter or digit as %40 and the like)"
        )
    if scheme in _POSTGRES and importlib.util.find_spec("psycopg") is None:
        raise ValueError("the driver for Postgres isn't there: pip install 'hellotutor[postgres]'")
    return url


def _usable_vector_database(url: str) -> str:
    """Let through Postgres alone, where its driver is installed."""
    if url and url.partition("://")[0] not in _POSTGRES:
        raise ValueError("it is postgresql://user:password@host/database")
    return _usable_database(url)


def _index_name(name: str) -> str:
    """Let through what Pinecone takes as the name of an index."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?", name):
        raise ValueError("it is the name of an index: up to 45 of a-z, 0-9 and hyphens, no hyphen at either end")
    return name


def _host_names(names: str) -> str:
    """Let through host names separated by commas, without scheme, path or port."""
    for name in names.split(","):
        if not re.fullmatch(r"\s*(\*|\.?[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])\s*", name):
            raise ValueError("it is a list of host names separated by commas, without https:// and port")
    return names


def _origin(url: str) -> str:
    """Let through a scheme and a host, perhaps with a port, and nothing behind it."""
    url = url.rstrip("/")
    if url and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?", url):
        raise ValueError("it is an address like https://tutor.example.org, with nothing behind the host and port")
    return url


def _bucket(name: str) -> str:
    """Let through what can be a bucket's name, and nothing that is an address."""
    if name and not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name):
        raise ValueError("it is the name of a bucket alone: 3 to 63 of a-z, 0-9, dots and hyphens")
    return name


def _prefix(folder: str) -> str:
    """Let through a folder of a bucket, without the slashes around it."""
    folder = folder.strip("/")
    if (folder and not re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", folder)) or ".." in folder:
        raise ValueError("it is a folder in the bucket, like hellotutor or apps/hellotutor")
    return folder


class Settings(BaseSettings):
    """The settings, by the names they have in the environment, in lower case."""

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # it may be a password
    )

    env: Literal["development", "test", "staging", "production"] = "development"
    data_dir: Annotated[Path, AfterValidator(_absolute)] = Field(default_factory=default_data_dir)
    database_url: Annotated[str, AfterValidator(_usable_database)] = ""
    allowed_hosts: Annotated[str, AfterValidator(_host_names)] = "localhost,127.0.0.1,[::1]"
    public_url: Annotated[str, AfterValidator(_origin)] = ""
    secret_key: str = ""
    hmac_secret: str = ""
    sentry_dsn: str = ""
    sentry_environment: str = ""
    sentry_traces_sample_rate: float = Field(default=0.1, ge=0.0, le=1.0)
    monitoring_include_text: bool = False
    tutor: Literal["offline"] = "offline"
    embedder: Literal["auto", "minilm", "none", "hashing"] = "auto"
    vector_index: Literal["local", "pgvector", "pinecone"] = "local"
    index_cache_mb: int = Field(default=256, ge=8, le=1_000_000)
    pgvector_url: Annotated[str, AfterValidator(_usable_vector_database)] = ""
    pinecone_api_key: str = ""
    pinecone_index: Annotated[str, AfterValidator(_index_name)] = "hellotutor"
    pinecone_cloud: str = "aws"
    pinecone_region: str = "us-east-1"
    pinecone_host: Annotated[str, AfterValidator(_origin)] = ""
    google_client_id: str = ""
    s3_bucket: Annotated[str, AfterValidator(_bucket)] = ""
    s3_prefix: Annotated[str, AfterValidator(_prefix)] = ""
    s3_endpoint_url: Annotated[str, AfterValidator(_origin)] = ""
    s3_server_side_encryption: Literal["", "AES256", "aws:kms"] = ""
    s3_kms_key_id: str = ""
    s3_presigned_downloads: bool = True
    ingest_lease_s: float = Field(default=60.0, ge=1.0, le=3_600.0)
    ingest_attempts: int = Field(default=6, ge=1, le=20)
    max_file_mb: int = Field(default=100, ge=1, le=10_000)
    max_characters: int = Field(default=30_000_000, ge=1_000)

    @model_validator(mode="after")
    def _kms_key_needs_kms(self) -> Self:
        if self.s3_kms_key_id and self.s3_server_side_encryption != "aws:kms":
            raise ValueError("S3_KMS_KEY_ID is set, so S3_SERVER_SIDE_ENCRYPTION has to be aws:kms")
        return self

    @model_validator(mode="after")
    def _hashing_is_for_tests(self) -> Self:
        if self.embedder == "hashing" and self.env != "test":
            raise ValueError("EMBEDDER is hashing, which understands nothing and is for tests alone (ENV=test)")
        return self

    @model_validator(mode="after")
    def _index_has_what_it_needs(self) -> Self:
        if self.vector_index == "pgvector" and self.vectors_url.partition("://")[0] not in _POSTGRES:
            raise ValueError("VECTOR_INDEX is pgvector, so PGVECTOR_URL or DATABASE_URL has to name a Postgres")
        if self.vector_index == "pinecone" and not self.pinecone_api_key:
            raise ValueError("VECTOR_INDEX is pinecone, so PINECONE_API_KEY has to be set")
        return self

    @property
    def vectors_url(self) -> str:
        """The database of VECTOR_INDEX=pgvector."""
        return self.pgvector_url or self.database_url

    @property
    def is_production(self) -> bool:
        """Whether missing secrets are an error instead of being made."""
        return self.env == _PRODUCTION

    @property
    def monitoring_environment(self) -> str:
        """The environment that events carry."""
        return self.sentry_environment or self.env


@cache
def get_settings() -> Settings:
    """Read the settings, once.

    Raises:
        Invalid: a value is malformed; the sentence names the variable (`bad_setting`).
    """
    try:
        return Settings(_env_file=find_env_file())
    except ValidationError as error:
        raise Invalid("bad_setting", _in_words(error.errors()[0])) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("bad_setting", f"The settings in {find_env_file()} can't be read: save it as UTF-8.") from error


def _in_words(problem: Any) -> str:
    expected = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:  # of several settings together
        return f"The settings don't fit together: {expected}. See docs/configuration.md."
    name = str(problem["loc"][0]).upper()
    if problem["type"] == "extra_forbidden":
        return f"{find_env_file()} sets {name}, which is no setting: see docs/configuration.md for those there are."
    return f"The setting {name} is not usable: {expected[:1].lower()}{expected[1:]}. See docs/configuration.md."
