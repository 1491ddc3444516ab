"""Which room answers which address."""

from __future__ import annotations

from django.urls import include, path

from . import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/", include("hellotutor.api.urls")),
    path("", include("hellotutor.web.urls")),
]
handler400 = "hellotutor.web.errors.bad_request"
handler403 = "hellotutor.web.errors.forbidden"
handler404 = "hellotutor.web.errors.not_found"
handler500 = "hellotutor.web.errors.server_error"
