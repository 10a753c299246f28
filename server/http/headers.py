"""Headers that go out with every response, errors included."""

import base64
import hashlib
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from server.services import services

# The respondent page inlines its style and script to fit one flight: allowed by hash, and nothing else.
PLAIN_POLICY = {
    "default-src": ["'self'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
}


def install(app: Flask) -> None:
    app.after_request(_add)


def hash_source(inline: str) -> str:
    """The CSP source that allows exactly this inline style or script."""
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def allow(directive: str, source: str) -> None:
    """Allow one more source on the page being answered."""
    g.setdefault("allowed", []).append((directive, source))


def allow_store() -> None:
    """Let the page send photos and videos to the object store and show them from there."""
    parts = urlsplit(services().settings.s3.public_endpoint_url)
    for directive in ("connect-src", "img-src", "media-src"):
        allow(directive, f"{parts.scheme}://{parts.netloc}")


def _add(response: Response) -> Response:
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", _policy())
    if request.endpoint != "static" or response.status_code >= 400:
        # Personal links and results must not stay in a shared browser or a proxy.
        response.headers.setdefault("Cache-Control", "no-store")
    if services().settings.secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _policy() -> str:
    sources = {directive: list(values) for directive, values in PLAIN_POLICY.items()}
    for directive, source in g.get("allowed", []):
        sources.setdefault(directive, ["'self'"]).append(source)
    return "; ".join(f"{directive} {' '.join(values)}" for directive, values in sources.items())
