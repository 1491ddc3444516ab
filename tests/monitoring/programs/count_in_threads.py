# ruff: noqa: T201
"""Counts one thing from several threads at once, in the database of the first argument, and prints the sum."""

import sys
import threading

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["hellotutor.monitoring"],
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": sys.argv[1],
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": "PRAGMA journal_mode=WAL"},
        }
    },
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from hellotutor.monitoring import count, counts  # noqa: E402

THREADS, TIMES = 6, 20
start = threading.Barrier(THREADS)


def work() -> None:
    start.wait()
    for _ in range(TIMES):
        count("unreadable_file")
    connection.close()


call_command("migrate", verbosity=0)
threads = [threading.Thread(target=work) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(counts(1)["unreadable_file"], THREADS * TIMES)
