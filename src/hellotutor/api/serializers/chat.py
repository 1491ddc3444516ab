"""Conversations and what is said in them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hellotutor.tutoring.chat import MOST_MESSAGE_CHARACTERS
from hellotutor.tutoring.models import Conversation, Message

from .common import EvidenceSerializer, ScopeSerializer


class ChatRequestSerializer(serializers.Serializer[Any]):
    """A message to the tutor."""

    message = serializers.CharField(max_length=MOST_MESSAGE_CHARACTERS)
    document_ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=50,
        help_text="What a new conversation is about; all of your documents where left out.",
    )
    session_id = serializers.UUIDField(required=False, allow_null=True, help_text="The conversation to go on with.")
    scope = ScopeSerializer(required=False)


class CitationSerializer(EvidenceSerializer):
    """The evidence of a sentence."""

    number = serializers.IntegerField(help_text="As it stands in the reply, in square brackets.")


class ReplySerializer(serializers.Serializer[Any]):
    """A reply of cited sentences."""

    reply = serializers.CharField(allow_blank=True)
    citations = CitationSerializer(many=True)
    session_id = serializers.UUIDField(help_text="The conversation.")
    grounded = serializers.BooleanField(help_text="False where the documents don't answer.")
    notice = serializers.CharField(allow_blank=True, help_text="Why search was by words only, where it was.")
    tutor = serializers.CharField()


class ConversationSerializer(serializers.Serializer[Any]):
    """A conversation."""

    id = serializers.UUIDField(source="public_id")
    title = serializers.CharField()
    document_ids = serializers.SerializerMethodField()
    scope = ScopeSerializer()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_document_ids(self, conversation: Conversation) -> list[str]:
        """Return what it is about; empty means all documents."""
        return [str(document.public_id) for document in conversation.documents.all()]


class MessageSerializer(serializers.Serializer[Any]):
    """What was said."""

    id = serializers.UUIDField(source="public_id")
    role = serializers.ChoiceField(choices=Message.Role.choices)
    text = serializers.CharField(allow_blank=True)
    citations = serializers.SerializerMethodField()
    grounded = serializers.BooleanField(allow_null=True)
    notice = serializers.CharField(allow_blank=True)
    state = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(CitationSerializer(many=True))
    def get_citations(self, message: Message) -> list[dict[str, Any]]:
        """Return the evidence."""
        return present_citations(message.citations)

    @extend_schema_field(serializers.ChoiceField(choices=Message.State.choices))
    def get_state(self, message: Message) -> str:
        """Return how far the reply has come."""
        return message.current_state


class TalkSerializer(ConversationSerializer):
    """A conversation, and what was said in it."""

    messages = MessageSerializer(many=True)


def present_citations(citations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return stored citations with their pages counted from 1, as addresses count them."""
    known = {"version_id": None}  # those of the first releases don't say
    return [{**known, **citation, "page_ordinal": citation["page_ordinal"] + 1} for citation in citations]


def present_reply(message: Message) -> dict[str, Any]:
    """Return a whole reply."""
    return {
        "reply": message.text,
        "citations": present_citations(message.citations),
        "session_id": str(message.conversation.public_id),
        "grounded": bool(message.grounded),
        "notice": message.notice,
        "tutor": message.tutor,
    }
