"""Settings, their example file and their documentation say the same; a bad value is one clear sentence."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from hellotutor.config.secrets import load_secret
from hellotutor.config.settings import Settings, default_data_dir, get_settings
from hellotutor.core.errors import Invalid

ROOT = Path(__file__).parents[2]
NAMES = {name.upper() for name in Settings.model_fields}


def test_every_setting_stands_in_the_example_and_in_the_documentation() -> None:
    example = dict(
        re.findall(r"^([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )
    documented = set(
        re.findall(r"^\| `([A-Z0-9_]+)`", (ROOT / "docs/configuration.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert example.keys() == NAMES
    assert documented == NAMES


def test_the_example_copied_unchanged_gives_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    assert Settings(_env_file=tmp_path / ".env") == Settings(_env_file=None)


def test_a_file_of_settings_is_read_where_env_file_says_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("MAX_FILE_MB=7\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert read_anew().max_file_mb == 100
    monkeypatch.setenv("ENV_FILE", str(tmp_path / ".env"))
    assert read_anew().max_file_mb == 7
    (tmp_path / ".env").write_text("SENTRY_DNS=typo\n", encoding="utf-8")
    with pytest.raises(Invalid, match="sets SENTRY_DNS, which is no setting"):
        read_anew()


@pytest.mark.parametrize("content", [None, b"ENV=caf\xe9\n"])
def test_a_file_that_env_file_names_must_be_readable(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "settings"))
    if content:
        (tmp_path / "settings").write_bytes(content)
    with pytest.raises(Invalid, match="settings"):
        read_anew()


def read_anew() -> Settings:
    get_settings.cache_clear()
    try:
        return get_settings()
    finally:
        get_settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENV", "prod"),
        ("SENTRY_TRACES_SAMPLE_RATE", "2"),
        ("MAX_FILE_MB", "many"),
        ("EMBEDDER", "gpt"),
        ("DATABASE_URL", "foo"),
        ("DATABASE_URL", "mysql://h/d"),
        ("DATABASE_URL", "postgresql://h"),
        ("DATABASE_URL", "postgresql://u:p#w@h/d"),
    ],
)
def test_a_bad_value_is_named_in_one_sentence(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Invalid) as refused:
        read_anew()
    assert refused.value.code == "bad_setting"
    assert name in refused.value.message
    assert "\n" not in refused.value.message


def test_a_missing_secret_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, hmac_secret="", env="development")
    made = load_secret(settings, "HMAC_SECRET")
    assert len(made) >= 48
    assert load_secret(settings, "HMAC_SECRET") == made
    assert load_secret(settings, "SECRET_KEY") != made
    if sys.platform != "win32":
        mode = (tmp_path / "secrets" / "hmac_secret").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "secrets").iterdir()) == ["hmac_secret", "secret_key"]


def test_production_refuses_a_short_secret(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="at least 32 characters"):
        load_secret(Settings(data_dir=tmp_path, env="production", secret_key="short"), "SECRET_KEY")


def test_production_refuses_to_make_a_secret(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="SECRET_KEY must be set"):
        load_secret(Settings(data_dir=tmp_path, env="production", secret_key=""), "SECRET_KEY")


def test_the_tests_keep_out_of_the_data_folder_of_whoever_runs_them() -> None:
    assert Path(os.environ["DATA_DIR"]) == django_settings.DATA_DIR
    assert default_data_dir() != django_settings.DATA_DIR
