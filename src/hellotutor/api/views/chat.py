"""Chat: a message in, a reply of cited sentences out, whole or as it is said."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from hellotutor.config import composition
from hellotutor.core.errors import Invalid, NotFound
from hellotutor.documents.models import Document
from hellotutor.documents.selectors import find_versions
from hellotutor.monitoring import catalogue
from hellotutor.tutoring.chat import Part, check_message, delete_conversation, reply_to, start_conversation
from hellotutor.tutoring.models import Conversation
from hellotutor.tutoring.selectors import Scope

from ..codes import CODES
from ..idempotency import Attempt, begin, look_up, run_once
from ..parsing import EventStreamRenderer, wants_stream
from ..schema import EXAMPLE_ID, IDEMPOTENCY_KEY
from ..serializers.chat import (
    ChatRequestSerializer,
    ConversationSerializer,
    ReplySerializer,
    TalkSerializer,
    present_citations,
    present_reply,
)
from ..serializers.common import PageFilters, paged
from ..streams import EventStream, write_event
from .base import ApiView, caller, find


class ChatBotView(ApiView):
    """The conversations of the caller."""

    failure = catalogue.CHAT_VIEW
    renderer_classes = [JSONRenderer, EventStreamRenderer]
    problems: ClassVar = {"POST": (404, 409, 429, 503)}

    @extend_schema(
        operation_id="chat",
        summary="Ask your documents",
        description="Without `session_id` a new conversation begins. With `Accept: text/event-stream` the reply comes "
        "as it is said: `start` {session_id}, `text` {text, citations} for each sentence, `done` with the whole reply; "
        "`error`, a problem, when it fails on the way. Whoever goes away stops the reply, and so does the server when "
        "it is stopped; what was said is kept.",
        request=ChatRequestSerializer,
        examples=[
            OpenApiExample(
                "about one document", {"message": "Why do we forget?", "document_ids": [EXAMPLE_ID]}, request_only=True
            )
        ],
        parameters=[IDEMPOTENCY_KEY],
        responses={(200, "application/json"): ReplySerializer, (200, "text/event-stream"): OpenApiTypes.STR},
        tags=["chat"],
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Reply to a message."""
        said = self.take(request, ChatRequestSerializer)
        message = check_message(said["message"])
        if said.get("session_id"):
            self.note(session_id=said["session_id"])
        if wants_stream(request):
            return self._stream(request, said, message)
        return run_once(request, lambda: self._reply(request, said, message))

    @extend_schema(
        operation_id="list_conversations",
        summary="List your conversations",
        description="Those last spoken in first.",
        parameters=[PageFilters],
        responses=paged(ConversationSerializer),
        tags=["chat"],
    )
    def get(self, request: Request) -> Response:
        """List the caller's conversations."""
        self.filters(request, PageFilters)
        rows = Conversation.objects.for_user(caller(request)).prefetch_related("documents")
        return self.paged(request, rows, ConversationSerializer)

    def _reply(self, request: Request, said: dict[str, Any], message: str) -> Response:
        conversation = self._find_or_prepare(request, said, message)()
        *_, last = _say(conversation, message)
        return Response(present_reply(last.message))

    def _stream(self, request: Request, said: dict[str, Any], message: str) -> HttpResponseBase:
        """Check all that can be refused, and leave the rest to the stream: one that never starts changes nothing."""
        attempt = look_up(request)
        if attempt.is_repeated:
            response = EventStream(_repeat(attempt.stored), user=caller(request))
            response.headers["Idempotent-Replayed"] = "true"
            return response
        speech = _Speech(request, self._find_or_prepare(request, said, message), message)
        return EventStream(self._speak(speech), user=caller(request))

    def _find_or_prepare(self, request: Request, said: dict[str, Any], message: str) -> Callable[[], Conversation]:
        """Check what the conversation is to be; return what gives it, and begins it where it is a new one."""
        user = caller(request)
        if said.get("session_id"):
            if said.get("document_ids") or said.get("scope"):
                raise Invalid("conversation_fixed", CODES["conversation_fixed"])
            found = find(Conversation.objects.select_related("owner"), request, said["session_id"])
            return lambda: found
        documents = [version.document for version in find_versions(user, said.get("document_ids") or [])]
        if not Document.objects.for_user(user).exists():
            raise NotFound("no_document", CODES["no_document"])
        scope = Scope.from_json(said.get("scope") or {})

        def begin_conversation() -> Conversation:
            begun = start_conversation(owner=user, documents=documents, scope=scope, message=message)
            self.note(session_id=begun.public_id)
            return begun

        return begin_conversation

    async def _speak(self, speech: _Speech) -> AsyncGenerator[bytes, None]:
        """Yield the reply as it is said; whoever closes this stops it, and what was said is kept."""
        try:
            stored, session_id = await sync_to_async(speech.begin)()
            if stored:
                async for block in _repeat(stored):
                    yield block
                return
            yield write_event("start", {"session_id": session_id})
            while part := await sync_to_async(speech.go_on)():
                yield write_event("text", _present_part(part))
            yield write_event("done", speech.body)
        except Exception as error:  # noqa: BLE001 - the shell of a stream: what fails in it can only be told in it
            yield write_event("error", await sync_to_async(self.tell)(error))
        finally:
            await sync_to_async(speech.end)()


class _Speech:
    """A reply that is said while it is made, in one thread: a call of it that was left alone has still been noted.

    Attributes:
        body: the whole reply, once all has been said.
    """

    def __init__(self, request: Request, begin_conversation: Callable[[], Conversation], message: str) -> None:
        self._request, self._begin_conversation, self._message = request, begin_conversation, message
        self._attempt: Attempt | None = None
        self._parts: Generator[Part, None, None] | None = None
        self.body: dict[str, Any] = {}

    def begin(self) -> tuple[Any, str]:
        """Claim the key; return the answer that another request has given meanwhile, or else the conversation's id."""
        attempt = begin(self._request)
        if attempt.is_repeated:
            return attempt.stored, ""
        self._attempt = attempt
        conversation = self._begin_conversation()
        self._parts = _say(conversation, self._message)
        return None, str(conversation.public_id)

    def go_on(self) -> Part | None:
        """Return the next part; None when all has been said, and the reply is kept under its key."""
        part = next(self._parts) if self._parts else None
        if part is None or not part.is_last:
            return part
        body = present_reply(part.message)
        if self._attempt:
            self._attempt.keep(200, body)
        self.body = body
        return None

    def end(self) -> None:
        """Stop the reply where it stands, and let what wasn't said whole be asked again."""
        if self._parts:
            self._parts.close()
        if self._attempt and not self.body:
            self._attempt.give_up()


def _say(conversation: Conversation, message: str) -> Generator[Part, None, None]:
    return reply_to(conversation=conversation, message=message, search=composition.search(), tutor=composition.tutor())


def _present_part(part: Part) -> dict[str, Any]:
    return {"text": part.text, "citations": present_citations(list(part.citations))}


async def _repeat(body: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    """Yield a reply that was given before."""
    yield write_event("start", {"session_id": body["session_id"]})
    yield write_event("text", {"text": body["reply"], "citations": body["citations"]})
    yield write_event("done", body)


class ConversationView(ApiView):
    """One conversation."""

    failure = catalogue.CHAT_VIEW

    @extend_schema(
        operation_id="get_conversation",
        summary="Read a conversation",
        responses=TalkSerializer,
        tags=["chat"],
    )
    def get(self, request: Request, conversation_id: uuid.UUID) -> Response:
        """Return what was said."""
        conversation = find(Conversation.objects.prefetch_related("documents", "messages"), request, conversation_id)
        talk: dict[str, Any] = TalkSerializer(conversation).data
        return Response(talk)

    @extend_schema(
        operation_id="delete_conversation",
        summary="Delete a conversation",
        responses={204: None},
        tags=["chat"],
    )
    def delete(self, request: Request, conversation_id: uuid.UUID) -> Response:
        """Delete what was said."""
        delete_conversation(find(Conversation.objects.all(), request, conversation_id))
        return Response(status=204)
