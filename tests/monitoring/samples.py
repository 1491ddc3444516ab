"""A value for each field of the catalogue."""

FIELDS: dict[str, object] = {
    "chunk_count": 12,
    "command": "study",
    "document_id": "6d1f0a34-6a3e-4f3c-9c53-0d6f0d6b8a11",
    "error_type": "NoCredentialsError",
    "filename": "Diary of Anna.pdf",
    "index": "local",
    "qa_pairs_count": 7,
    "query_snippet": "Why does grandmother's heart stop at night? " * 5,
    "response_body": "upstream refused " * 60,
    "s3_key": "0123456789abcdef0123456789abcdef/6d1f0a34-6a3e-4f3c-9c53-0d6f0d6b8a11/Diary of Anna.pdf",
    "session_id": 41,
    "text_count": 32,
    "user_id": "a3bb189e-8bf9-4888-9912-ace4e6543002",
    "vector_count": 384,
    "view": "HintView",
}
