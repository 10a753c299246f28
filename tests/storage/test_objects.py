"""The S3 store against a real one; moto only where the store must fail in a chosen way."""

import http.client
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from urllib.parse import urlsplit

import pytest

from server.config import S3Settings
from server.outgoing import Outgoing
from server.storage.objects import S3Store
from server.storage.protocol import (
    PART_BYTES,
    ObjectFacts,
    ObjectMissing,
    ObjectTooLarge,
    StoreUnavailable,
    UploadGone,
    UploadTarget,
    new_object_key,
)

PHOTO = b"\xff\xd8" + b"p" * 998
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def call(method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body or None, dict(headers or {}))
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, response.read())
    finally:
        connection.close()


def post(target: UploadTarget, data: bytes, **changes: str) -> Answer:
    """Send a multipart form as a browser does, with some fields changed."""
    boundary = "anfangboundary"
    fields = {**target.fields, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    body = ("".join(lines) + head).encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return call("POST", target.url, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})


@pytest.fixture
def key() -> str:
    return new_object_key("photos")


@pytest.fixture
def target(store: S3Store, key: str) -> UploadTarget:
    return store.upload_target(key, media_type="image/jpeg", size=len(PHOTO), expires_in=MINUTE)


def test_keys_are_random_and_never_ordered_by_time() -> None:
    keys = [new_object_key("photos") for _ in range(200)]
    assert len(set(keys)) == 200
    assert keys != sorted(keys)
    assert all(key.startswith("photos/") and len(key) == len("photos/") + 32 for key in keys)


def test_an_object_is_written_read_described_and_removed(store: S3Store, key: str) -> None:
    store.put(key, PHOTO, "image/jpeg")
    assert store.get(key, limit=len(PHOTO)) == PHOTO
    assert store.stat(key) == ObjectFacts(len(PHOTO), "image/jpeg")
    store.delete(key)
    store.delete(key)
    assert store.stat(key) is None
    with pytest.raises(ObjectMissing):
        store.get(key, limit=1)


def test_reading_stops_at_the_limit(store: S3Store, key: str) -> None:
    store.put(key, PHOTO, "image/jpeg")
    with pytest.raises(ObjectTooLarge):
        store.get(key, limit=len(PHOTO) - 1)


def test_making_the_bucket_twice_keeps_what_is_in_it(store: S3Store, key: str, page_origin: str) -> None:
    store.put(key, PHOTO, "image/jpeg")
    store.ensure_bucket([page_origin])
    assert store.get(key, limit=len(PHOTO)) == PHOTO


def test_a_page_uploads_exactly_what_was_agreed(store: S3Store, key: str, target: UploadTarget) -> None:
    assert post(target, PHOTO).status in {200, 201, 204}
    assert store.get(key, limit=len(PHOTO)) == PHOTO
    assert store.stat(key) == ObjectFacts(len(PHOTO), "image/jpeg")


@pytest.mark.parametrize("data", [PHOTO[:-1], PHOTO + b"x", b""], ids=["smaller", "larger", "empty"])
def test_another_size_is_refused(store: S3Store, key: str, target: UploadTarget, data: bytes) -> None:
    assert 400 <= post(target, data).status < 500
    assert store.stat(key) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"Content_Type": "text/html"},
        {"key": "photos/of-somebody-else"},
        {"x_amz_signature": "0" * 64},
    ],
    ids=["type", "key", "signature"],
)
def test_changed_fields_are_refused(
    store: S3Store, key: str, target: UploadTarget, changes: dict[str, str]
) -> None:
    assert 400 <= post(target, PHOTO, **changes).status < 500
    assert store.stat(key) is None
    assert store.stat("photos/of-somebody-else") is None


def bound(store: S3Store, key: str) -> UploadTarget:
    """A target for these very bytes."""
    return store.upload_target(
        key, media_type="image/jpeg", size=len(PHOTO), expires_in=MINUTE, sha256=sha256(PHOTO).hexdigest()
    )


def test_a_target_takes_the_bytes_that_were_promised_and_no_others(store: S3Store, key: str) -> None:
    other = PHOTO[:-1] + b"q"
    target = bound(store, key)
    assert 400 <= post(target, other).status < 500
    mended = b64encode(sha256(other).digest()).decode()
    assert 400 <= post(target, other, x_amz_checksum_sha256=mended).status < 500
    assert store.stat(key) is None
    assert post(target, PHOTO).status == 204
    assert store.get(key, limit=len(PHOTO)) == PHOTO


def test_a_field_beside_the_policy_does_not_open_the_object(
    store: S3Store, key: str, target: UploadTarget
) -> None:
    post(target, PHOTO, acl="public-read")
    assert call("GET", f"{target.url}{key}").status == 403


def test_a_policy_widened_by_the_client_is_refused(store: S3Store, key: str, target: UploadTarget) -> None:
    policy = json.loads(b64decode(target.fields["policy"]))
    policy["conditions"].remove(["content-length-range", len(PHOTO), len(PHOTO)])
    widened = b64encode(json.dumps(policy).encode()).decode()
    assert 400 <= post(target, PHOTO * 2, policy=widened).status < 500
    assert store.stat(key) is None


def test_an_expired_target_is_refused(store: S3Store, key: str) -> None:
    past = store.upload_target(
        key, media_type="image/jpeg", size=len(PHOTO), expires_in=timedelta(seconds=-60)
    )
    assert post(past, PHOTO).status == 403
    assert store.stat(key) is None


def test_a_nameless_request_reads_and_writes_nothing(
    store: S3Store, key: str, s3_settings: S3Settings
) -> None:
    store.put(key, PHOTO, "image/jpeg")
    address = f"{s3_settings.endpoint_url}/{s3_settings.bucket}/{key}"
    assert call("GET", address).status == 403
    assert call("PUT", address, b"other").status == 403


def test_a_browser_may_post_from_our_pages_only(target: UploadTarget, page_origin: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    ours = call("OPTIONS", target.url, headers={"Origin": page_origin, **asked})
    foreign = call("OPTIONS", target.url, headers={"Origin": "http://elsewhere.test", **asked})
    assert (ours.status, foreign.status) == (200, 403)
    assert ours.headers["access-control-allow-origin"] == page_origin
    assert "POST" in ours.headers["access-control-allow-methods"]
    assert "access-control-allow-origin" not in foreign.headers


def test_a_link_reads_the_object(store: S3Store, key: str) -> None:
    store.put(key, PHOTO, "image/jpeg")
    answer = call("GET", store.link(key, MINUTE))
    assert (answer.status, answer.body) == (200, PHOTO)
    assert answer.headers["content-type"] == "image/jpeg"


def test_a_download_link_is_saved_and_never_shown(store: S3Store, key: str) -> None:
    store.put(key, b"<script>alert(1)</script>", "text/html")
    answer = call("GET", store.link(key, MINUTE, download_name='照片 "1".jpg'))
    assert answer.headers["content-type"] == "application/octet-stream"
    wanted = "attachment; filename*=UTF-8''%E7%85%A7%E7%89%87%20%221%22.jpg"
    assert answer.headers["content-disposition"] == wanted


def test_expired_and_changed_links_are_refused(store: S3Store, key: str) -> None:
    other = new_object_key("photos")
    for name in (key, other):
        store.put(name, PHOTO, "image/jpeg")
    good = store.link(key, MINUTE)
    assert call("GET", good.replace(key, other)).status == 403
    assert call("GET", good.replace("X-Amz-Expires=60", "X-Amz-Expires=99999")).status == 403
    assert call("GET", store.link(key, timedelta(seconds=-60))).status in {400, 403}


def test_targets_and_links_carry_the_public_address(s3_settings: S3Settings, key: str) -> None:
    outside = S3Store(replace(s3_settings, public_endpoint_url="https://photos.example.org"), Outgoing())
    target = outside.upload_target(key, media_type="image/png", size=1, expires_in=MINUTE)
    assert target.url == f"https://photos.example.org/{s3_settings.bucket}/"
    link = urlsplit(outside.link(key, MINUTE))
    assert (link.scheme, link.hostname) == ("https", "photos.example.org")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link.query


def test_reachable_says_yes_and_no(store: S3Store, s3_settings: S3Settings) -> None:
    assert store.reachable()
    assert not S3Store(replace(s3_settings, bucket="no-such-bucket"), Outgoing()).reachable()
    assert not S3Store(replace(s3_settings, endpoint_url="http://127.0.0.1:1"), Outgoing()).reachable()


def test_an_absent_store_is_one_error_of_ours(s3_settings: S3Settings, key: str, page_origin: str) -> None:
    absent = S3Store(replace(s3_settings, endpoint_url="http://127.0.0.1:1"), Outgoing(attempts=1))
    for attempt in (
        lambda: absent.put(key, PHOTO, "image/jpeg"),
        lambda: absent.get(key, limit=1),
        lambda: absent.stat(key),
        lambda: absent.delete(key),
        lambda: absent.ensure_bucket([page_origin]),
    ):
        with pytest.raises(StoreUnavailable):
            attempt()


def test_a_refused_secret_is_unavailable_and_not_missing(s3_settings: S3Settings, key: str) -> None:
    stranger = S3Store(replace(s3_settings, access_key_id="stranger"), Outgoing(attempts=1))
    with pytest.raises(StoreUnavailable):
        stranger.stat(key)
    with pytest.raises(StoreUnavailable):
        stranger.get(key, limit=1)
    assert not stranger.reachable()


def test_an_object_is_copied_within_the_store(store: S3Store, key: str) -> None:
    store.put(key, PHOTO, "image/jpeg")
    store.copy(key, f"quarantine/{key}")
    assert store.get(f"quarantine/{key}", limit=len(PHOTO)) == PHOTO
    with pytest.raises(ObjectMissing):
        store.copy(new_object_key("photos"), "quarantine/none")


def test_an_object_is_written_to_a_file_up_to_the_limit(store: S3Store, key: str) -> None:
    store.put(key, PHOTO, "image/jpeg")
    file = BytesIO()
    store.get_into(file, key, len(PHOTO))
    assert file.getvalue() == PHOTO
    with pytest.raises(ObjectTooLarge):
        store.get_into(BytesIO(), key, len(PHOTO) - 1)
    with pytest.raises(ObjectMissing):
        store.get_into(BytesIO(), new_object_key("photos"), 1)


def test_an_upload_in_parts_is_listed_completed_and_over(store: S3Store, key: str) -> None:
    upload = store.begin_parts(key, "video/mp4")
    assert store.parts(key, upload) == []
    first, last = bytes(PART_BYTES), b"the end"
    for number, data in ((2, last), (1, first)):
        assert call("PUT", store.part_target(key, upload, number, len(data), MINUTE), data).status == 200
    there = store.parts(key, upload)
    assert [(part.number, part.size) for part in there] == [(1, PART_BYTES), (2, len(last))]
    store.complete_parts(key, upload, there)
    assert store.stat(key) == ObjectFacts(PART_BYTES + len(last), "video/mp4")
    with pytest.raises(UploadGone):
        store.parts(key, upload)
    store.abort_parts(key, upload)
    assert store.stat(key) is not None


def test_a_part_is_bound_to_its_number_its_size_and_its_hour(store: S3Store, key: str) -> None:
    upload = store.begin_parts(key, "video/mp4")
    target = store.part_target(key, upload, 1, 4, MINUTE)
    assert call("PUT", target, b"12345").status == 403
    assert call("PUT", target, b"123").status == 403
    assert call("PUT", target.replace("partNumber=1", "partNumber=2"), b"1234").status == 403
    assert call("PUT", target.replace(key, new_object_key("photos")), b"1234").status == 403
    past = store.part_target(key, upload, 1, 4, timedelta(seconds=-60))
    assert call("PUT", past, b"1234").status in {400, 403}
    assert store.parts(key, upload) == []
    store.abort_parts(key, upload)
    assert 400 <= call("PUT", target, b"1234").status < 500
    with pytest.raises(UploadGone):
        store.parts(key, upload)


def test_a_browser_may_put_parts_from_our_pages_only(store: S3Store, key: str, page_origin: str) -> None:
    target = store.part_target(key, store.begin_parts(key, "video/mp4"), 1, 4, MINUTE)
    asked = {"Access-Control-Request-Method": "PUT"}
    assert call("OPTIONS", target, headers={"Origin": page_origin, **asked}).status == 200
    assert call("OPTIONS", target, headers={"Origin": "http://elsewhere.test", **asked}).status == 403
