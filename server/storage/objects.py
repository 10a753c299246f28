"""The S3 store, and the only module that imports boto3.

Version 4 signatures (boto3 presigns version 2 in us-east-1 unless told otherwise), path-style addresses
(an S3-compatible store rarely has a name for each bucket), and two clients: one for the server's own traffic,
one that only signs, against the address that phones reach.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, cast
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from server.config import S3Settings
from server.outgoing import Outgoing, from_environment
from server.storage.protocol import (
    ObjectFacts,
    ObjectMissing,
    ObjectTooLarge,
    Part,
    StoreUnavailable,
    UploadGone,
    UploadTarget,
)

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client
    from types_boto3_s3.literals import BucketLocationConstraintType

ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
NO_UPLOAD: Final = "NoSuchUpload"
OURS_ALREADY: Final = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
CHUNK_BYTES: Final = 1 << 20
REGION_WITHOUT_NAME: Final = "us-east-1"


class S3Store:
    """Objects in one bucket of an S3-compatible store.

    Building one costs nothing: the clients, 0.2 s for the first in a process, are made at the first call.
    """

    def __init__(self, settings: S3Settings, outgoing: Outgoing | None = None) -> None:
        self._settings = settings
        self._outgoing = outgoing or from_environment()
        self._clients: dict[tuple[str, int], S3Client] = {}
        self._lock = Lock()

    def ensure_bucket(self, cors_origins: Sequence[str]) -> None:
        """Create the bucket where it is missing, and let pages of `cors_origins` send photos to it."""
        with _translated():
            self._create_bucket()
            self._client.put_bucket_cors(
                Bucket=self._settings.bucket,
                CORSConfiguration={
                    "CORSRules": [
                        {
                            "AllowedOrigins": list(cors_origins),
                            "AllowedMethods": ["GET", "POST", "PUT"],
                            "AllowedHeaders": ["*"],
                            "ExposeHeaders": ["ETag"],
                            "MaxAgeSeconds": 3600,
                        }
                    ]
                },
            )

    def upload_target(
        self, key: str, *, media_type: str, size: int, expires_in: timedelta, sha256: str | None = None
    ) -> UploadTarget:
        """A presigned POST. A store that knows no checksums takes the fields for data of the object's own."""
        fields = {"Content-Type": media_type}
        if sha256 is not None:
            fields["x-amz-checksum-algorithm"] = "SHA256"
            fields["x-amz-checksum-sha256"] = b64encode(bytes.fromhex(sha256)).decode()
        with _translated():
            signed = self._signer.generate_presigned_post(
                self._settings.bucket,
                key,
                Fields=fields,
                Conditions=[
                    *({name: value} for name, value in fields.items()),
                    ["content-length-range", size, size],
                ],
                ExpiresIn=int(expires_in.total_seconds()),
            )
        # Without the slash SeaweedFS answers every origin's preflight instead of asking the bucket's rules.
        return UploadTarget(signed["url"].rstrip("/") + "/", signed["fields"])

    def put(self, key: str, data: bytes, media_type: str) -> None:
        with _translated():
            self._client.put_object(Bucket=self._settings.bucket, Key=key, Body=data, ContentType=media_type)

    def put_from(self, file: BinaryIO, key: str, media_type: str) -> None:
        file.seek(0)
        with _translated():
            self._client.put_object(Bucket=self._settings.bucket, Key=key, Body=file, ContentType=media_type)

    def get(self, key: str, limit: int) -> bytes:
        with _translated(key):
            body = self._client.get_object(Bucket=self._settings.bucket, Key=key)["Body"]
            with body:
                return b"".join(_chunks(key, body, limit))

    def get_into(self, file: BinaryIO, key: str, limit: int) -> None:
        with _translated(key):
            body = self._client.get_object(Bucket=self._settings.bucket, Key=key)["Body"]
            with body:
                for chunk in _chunks(key, body, limit):
                    file.write(chunk)

    def stat(self, key: str) -> ObjectFacts | None:
        try:
            with _translated(key):
                head = self._client.head_object(Bucket=self._settings.bucket, Key=key)
        except ObjectMissing:
            return None
        return ObjectFacts(head["ContentLength"], head.get("ContentType", ""))

    def delete(self, key: str) -> None:
        with _translated():
            self._client.delete_object(Bucket=self._settings.bucket, Key=key)

    def copy(self, key: str, to: str) -> None:
        bucket = self._settings.bucket
        with _translated(key):
            self._client.copy_object(Bucket=bucket, Key=to, CopySource={"Bucket": bucket, "Key": key})

    def begin_parts(self, key: str, media_type: str) -> str:
        with _translated():
            begun = self._client.create_multipart_upload(
                Bucket=self._settings.bucket, Key=key, ContentType=media_type
            )
        return begun["UploadId"]

    def part_target(self, key: str, upload: str, number: int, size: int, expires_in: timedelta) -> str:
        wanted = {"Bucket": self._settings.bucket, "Key": key, "UploadId": upload}
        with _translated():
            return self._signer.generate_presigned_url(
                "upload_part",
                # The length is signed with the rest: the store refuses a part of another size.
                Params={**wanted, "PartNumber": number, "ContentLength": size},
                ExpiresIn=int(expires_in.total_seconds()),
            )

    def put_part(self, key: str, upload: str, number: int, data: bytes) -> None:
        with _translated():
            self._client.upload_part(
                Bucket=self._settings.bucket, Key=key, UploadId=upload, PartNumber=number, Body=data
            )

    def parts(self, key: str, upload: str) -> list[Part]:
        pages = self._client.get_paginator("list_parts")
        with _translated():
            found = [
                Part(part["PartNumber"], part["Size"], part["ETag"])
                for page in pages.paginate(Bucket=self._settings.bucket, Key=key, UploadId=upload)
                for part in page.get("Parts", [])
            ]
        return sorted(found, key=lambda part: part.number)

    def complete_parts(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        with _translated():
            self._client.complete_multipart_upload(
                Bucket=self._settings.bucket,
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": [{"PartNumber": part.number, "ETag": part.mark} for part in parts]},
            )

    def abort_parts(self, key: str, upload: str) -> None:
        # Some stores say of an upload that is over that there is none: what was wanted is so.
        with suppress(UploadGone), _translated():
            self._client.abort_multipart_upload(Bucket=self._settings.bucket, Key=key, UploadId=upload)

    def link(
        self, key: str, expires_in: timedelta, download_name: str | None = None, media_type: str = ""
    ) -> str:
        wanted = {"Bucket": self._settings.bucket, "Key": key}
        if download_name is not None:
            # An attachment is never shown as a page, whatever its bytes are; <video> plays it.
            wanted["ResponseContentType"] = media_type or "application/octet-stream"
            wanted["ResponseContentDisposition"] = (
                f"attachment; filename*=UTF-8''{quote(download_name, safe='')}"
            )
        with _translated():
            return self._signer.generate_presigned_url(
                "get_object", Params=wanted, ExpiresIn=int(expires_in.total_seconds())
            )

    def reachable(self) -> bool:
        try:
            with _translated():
                self._connected(self._settings.endpoint_url, attempts=1).head_bucket(
                    Bucket=self._settings.bucket
                )
        except (StoreUnavailable, ObjectMissing):
            return False
        return True

    def _create_bucket(self) -> None:
        region = self._settings.region
        try:
            if region == REGION_WITHOUT_NAME:
                self._client.create_bucket(Bucket=self._settings.bucket)
            else:
                self._client.create_bucket(
                    Bucket=self._settings.bucket,
                    CreateBucketConfiguration={
                        "LocationConstraint": cast("BucketLocationConstraintType", region)
                    },
                )
        except ClientError as problem:
            if _code(problem) not in OURS_ALREADY:
                raise

    @property
    def _client(self) -> "S3Client":
        return self._connected(self._settings.endpoint_url, attempts=self._outgoing.attempts)

    @property
    def _signer(self) -> "S3Client":
        return self._connected(self._settings.public_endpoint_url, attempts=1)

    def _connected(self, endpoint_url: str, *, attempts: int) -> "S3Client":
        with self._lock:
            if (endpoint_url, attempts) not in self._clients:
                self._clients[endpoint_url, attempts] = self._new_client(endpoint_url, attempts)
            return self._clients[endpoint_url, attempts]

    def _new_client(self, endpoint_url: str, attempts: int) -> "S3Client":
        proxy = self._outgoing.proxy_for(endpoint_url)
        when: Literal["when_required"] = "when_required"
        # A session of its own: the process-wide default session is not safe to share between threads.
        return boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint_url,
            region_name=self._settings.region,
            aws_access_key_id=self._settings.access_key_id,
            aws_secret_access_key=self._settings.secret_access_key.reveal(),
            verify=self._outgoing.ca_bundle,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=self._outgoing.connect_seconds,
                read_timeout=self._outgoing.read_seconds,
                retries={"total_max_attempts": attempts, "mode": "standard"},
                # An empty mapping, not None: with None botocore would read the environment itself.
                proxies={"http": proxy, "https": proxy} if proxy else {},
                # Many stores refuse the trailing checksums that newer clients send unasked.
                request_checksum_calculation=when,
                response_checksum_validation=when,
            ),
        )


def _code(problem: ClientError) -> str:
    return problem.response.get("Error", {}).get("Code", "")


def _chunks(key: str, body: "StreamingBody", limit: int) -> Iterator[bytes]:
    """The body up to its end: botocore notices a torn connection only when the end is read as well."""
    size = 0
    while chunk := body.read(min(CHUNK_BYTES, limit - size + 1)):
        size += len(chunk)
        if size > limit:
            raise ObjectTooLarge(key)
        yield chunk


@contextmanager
def _translated(key: str | None = None) -> Iterator[None]:
    """Turn what boto3 raises into our errors; with `key`, an answer of 404 means that object."""
    try:
        yield
    except ClientError as problem:
        if key is not None and _code(problem) in ABSENT:
            raise ObjectMissing(key) from None
        if _code(problem) == NO_UPLOAD:
            raise UploadGone from None
        raise StoreUnavailable(_code(problem)) from problem
    # Where everything is redirected (a captive portal), botocore asks for the bucket's region without end.
    except (BotoCoreError, OSError, RecursionError) as problem:
        raise StoreUnavailable(type(problem).__name__) from problem
