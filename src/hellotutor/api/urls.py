"""The addresses of the API, version 1."""

from __future__ import annotations

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from .docs_page import show_reference
from .schema import Generator
from .views.answers import AnswerView, ContestView, SelfGradeView, TutoringSessionAnswerView
from .views.auth import GoogleAuthView
from .views.chat import ChatBotView, ConversationView
from .views.documents import DocumentView, IngestView, PageView
from .views.insights import SessionInsightsView
from .views.missing import MissingView
from .views.sessions import FinishView, HintView, SessionView, TutoringSessionStartView
from .views.versions import CancelView, ReplacementView, RetryView, VersionsView

app_name = "api"
v1 = [
    path("auth/google/", GoogleAuthView.as_view(), name="google"),
    path("documents/", IngestView.as_view(), name="documents"),
    path("documents/<uuid:document_id>/", DocumentView.as_view(), name="document"),
    path("documents/<uuid:document_id>/versions/", VersionsView.as_view(), name="versions"),
    path("documents/<uuid:document_id>/replacement/", ReplacementView.as_view(), name="replacement"),
    path("documents/<uuid:document_id>/cancel/", CancelView.as_view(), name="cancel"),
    path("documents/<uuid:document_id>/retry/", RetryView.as_view(), name="retry"),
    path("documents/<uuid:document_id>/pages/<int:number>/", PageView.as_view(), name="page"),
    path("chat/", ChatBotView.as_view(), name="chat"),
    path("chat/<uuid:conversation_id>/", ConversationView.as_view(), name="conversation"),
    path("sessions/", TutoringSessionStartView.as_view(), name="sessions"),
    path("sessions/<uuid:session_id>/", SessionView.as_view(), name="session"),
    path("sessions/<uuid:session_id>/answers/", TutoringSessionAnswerView.as_view(), name="answers"),
    path("sessions/<uuid:session_id>/hints/", HintView.as_view(), name="hints"),
    path("sessions/<uuid:session_id>/finish/", FinishView.as_view(), name="finish"),
    path("sessions/<uuid:session_id>/insights/", SessionInsightsView.as_view(), name="insights"),
    path("answers/<uuid:answer_id>/", AnswerView.as_view(), name="answer"),
    path("answers/<uuid:answer_id>/contest/", ContestView.as_view(), name="contest"),
    path("answers/<uuid:answer_id>/self-grade/", SelfGradeView.as_view(), name="self_grade"),
]
_schema = SpectacularAPIView.as_view(
    generator_class=Generator, permission_classes=[AllowAny], authentication_classes=[]
)
urlpatterns = [
    path("schema/", _schema, name="schema"),
    path("docs/", show_reference, name="docs"),
    path("v1/", include(v1)),
    re_path(r"^[\s\S]*$", MissingView.as_view(), name="missing"),  # a line feed, too, may stand in an address
]
