"""What S3 and its SDK say went wrong, as errors that tell what to do; no sentence holds a key, a name or an address."""

from __future__ import annotations

from botocore import exceptions as sdk

from hellotutor.core.errors import HelloTutorError, Unavailable

_NO_CREDENTIALS = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.ProfileNotFound,
    sdk.ConfigParseError,
    sdk.SSOError,
    sdk.TokenRetrievalError,
)
_UNREACHABLE = (
    sdk.HTTPClientError,
    sdk.ConnectionError,
    sdk.ReadTimeoutError,
    sdk.IncompleteReadError,
    sdk.ResponseStreamingError,
)
_DENIED = frozenset(
    {
        *("403", "AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
        *("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "NotSignedUp", "InvalidSecurity"),
        *("KMS.AccessDeniedException", "KMS.DisabledException", "KMS.NotFoundException"),
    }
)
_VANISHED = frozenset({"404", "NoSuchKey"})
_ELSEWHERE = frozenset(
    {"301", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)
_ALTERED_ON_THE_WAY = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"})
_FULL = frozenset({"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage", "507"})
_FOR_NOW = frozenset({"SlowDown", "RequestTimeout", "OperationAborted", "PreconditionFailed", "Throttling", "412"})

_SENTENCES = {
    "s3_credentials_missing": "There are no usable AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "or AWS_PROFILE, in the environment of HelloTutor, or give its machine a role.",
    "s3_access_denied": "S3 refuses the AWS credentials: check the keys, and that they may list the bucket and read, "
    "write and delete its objects (and use the KMS key, where one is set).",
    "s3_bucket_missing": "S3 has no such bucket: make it, or correct S3_BUCKET.",
    "s3_region_wrong": "The bucket is in another region: set AWS_REGION to it.",
    "s3_clock_wrong": "S3 refuses requests because this machine's clock is wrong: set it.",
    "s3_unreachable": "S3 can't be reached: check S3_ENDPOINT_URL and the network, and try again.",
    "storage_full": "The S3 server has no room left: make room there, and try again.",
    "object_vanished": "The uploaded file is no longer in storage: upload it again, which mends this.",
    "object_altered": "The stored file is no longer what was uploaded: upload it again, which mends this.",
    "s3_altered_on_the_way": "What arrived at S3 isn't what was sent, so nothing was kept: try again.",
}
_WORTH_A_RETRY = frozenset({"s3_unreachable", "storage_full", "s3_altered_on_the_way"})


def make_error(code: str) -> Unavailable:
    """Return the error of a code of this module."""
    return Unavailable(code, _SENTENCES[code], retryable=code in _WORTH_A_RETRY)


def translate(error: Exception) -> HelloTutorError:
    """Return the error that tells of what the SDK raised.

    Args:
        error: one of botocore's or boto3's.
    """
    if isinstance(error, sdk.ClientError):
        return _translate_answer(error)
    if isinstance(error, _NO_CREDENTIALS):
        return make_error("s3_credentials_missing")
    if isinstance(error, _UNREACHABLE):
        return make_error("s3_unreachable")
    if isinstance(error, sdk.FlexibleChecksumError):
        return make_error("object_altered")
    return _failed(type(error).__name__, is_retryable=False)


def error_code(error: sdk.ClientError) -> str:
    """Return S3's own code; the status where an answer has no body, as that to HEAD."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_missing(error: sdk.ClientError) -> bool:
    """Say whether S3 answers that there is no such object; after HEAD it may be the bucket that is missing."""
    return error_code(error) in _VANISHED


def _translate_answer(error: sdk.ClientError) -> HelloTutorError:
    code = error_code(error)
    for known, ours in (
        (_DENIED, "s3_access_denied"),
        (_VANISHED, "object_vanished"),
        ({"NoSuchBucket", "InvalidBucketName"}, "s3_bucket_missing"),
        (_ELSEWHERE, "s3_region_wrong"),
        ({"RequestTimeTooSkewed"}, "s3_clock_wrong"),
        (_ALTERED_ON_THE_WAY, "s3_altered_on_the_way"),
        (_FULL, "storage_full"),
    ):
        if code in known:
            return make_error(ours)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _failed(code, is_retryable=code in _FOR_NOW or status == 429 or status >= 500)


def _failed(what: str, *, is_retryable: bool) -> Unavailable:
    what = what if what.replace(".", "").isalnum() else "an unknown error"
    advice = "try again" if is_retryable else "check the S3 settings and the server behind S3_ENDPOINT_URL"
    return Unavailable("s3_failed", f"S3 failed ({what}): {advice}.", retryable=is_retryable)
