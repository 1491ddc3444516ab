"""Signs in with a credential that the database then refuses to remember, as a program of its own.

Arguments: the address of Google's certificates, the credential.
"""

from __future__ import annotations

import sys

from hellotutor.config.startup import migrate, start

start()
migrate()

from django.db import connection  # noqa: E402 - models may be imported only now
from django.test import Client  # noqa: E402

from hellotutor.accounts.google import Certificates  # noqa: E402
from hellotutor.accounts.models import User  # noqa: E402
from hellotutor.api.views import auth  # noqa: E402
from hellotutor.monitoring import flush  # noqa: E402

auth.certificates = Certificates(sys.argv[1])
User.objects.create_user("anna.karlsson@example.org", name="Anna Karlsson")
with connection.cursor() as cursor:
    cursor.execute(
        "create trigger refuse before insert on accounts_apitoken "
        "begin select raise(abort, 'Anna Karlsson must not be told'); end"
    )
answered = Client(HTTP_HOST="localhost").post(
    "/api/v1/auth/google/", {"credential": sys.argv[2]}, content_type="application/json"
)
print(answered.status_code)  # noqa: T201 - the test reads it
flush(5)
