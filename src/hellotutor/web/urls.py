"""The pages."""

from __future__ import annotations

from django.urls import path

from .views import account, chat, documents, home, insights, reader, sign_in, study, versions

app_name = "web"
urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/<str:secret>/", sign_in.use_link, name="use_link"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("documents/", documents.upload, name="upload"),
    path("documents/sample/", documents.add_sample, name="add_sample"),
    path("documents/<uuid:document_id>/", documents.document, name="document"),
    path("documents/<uuid:document_id>/progress/", documents.progress, name="progress"),
    path("documents/<uuid:document_id>/versions/", versions.replace, name="replace"),
    path("documents/<uuid:document_id>/discard/", versions.discard, name="discard"),
    path("documents/<uuid:document_id>/cancel/", versions.cancel, name="cancel"),
    path("documents/<uuid:document_id>/retry/", versions.retry, name="retry"),
    path("documents/<uuid:document_id>/delete/", documents.delete, name="delete"),
    path("documents/<uuid:document_id>/original/", documents.original, name="original"),
    # `ordinal` counts pages, or sections of a format without pages, from 1
    path("documents/<uuid:document_id>/pages/<int:ordinal>/", reader.page, name="page"),
    path("documents/<uuid:document_id>/pages/<int:ordinal>/image/", reader.image, name="page_image"),
    path("study/", study.sessions, name="sessions"),
    path("study/start/", study.start, name="start"),
    path("study/<uuid:session_id>/", study.session, name="session"),
    path("study/<uuid:session_id>/next/", study.next_card, name="next"),
    path("study/<uuid:session_id>/finish/", study.finish, name="finish"),
    path("study/<uuid:session_id>/questions/<uuid:question_id>/answer/", study.answer, name="answer"),
    path("study/<uuid:session_id>/questions/<uuid:question_id>/hint/", study.hint, name="hint"),
    path("study/<uuid:session_id>/answers/<uuid:answer_id>/self-grade/", study.self_grade, name="self_grade"),
    path("study/<uuid:session_id>/answers/<uuid:answer_id>/contest/", study.contest, name="contest"),
    path("chat/", chat.chat, name="chat"),
    path("chat/<uuid:conversation_id>/", chat.conversation, name="conversation"),
    path("chat/<uuid:conversation_id>/delete/", chat.delete, name="delete_conversation"),
    path("insights/", insights.insights, name="insights"),
    path("insights/<uuid:session_id>/", insights.session_insights, name="session_insights"),
    path("account/", account.account, name="account"),
    path("account/tokens/", account.create, name="create_token"),
    path("account/tokens/<uuid:token_id>/revoke/", account.revoke, name="revoke_token"),
]
