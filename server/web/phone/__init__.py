"""The visits app: `/t`, for whoever goes. Its name, its address and its texts say nothing of what it is for.

The shell and its scripts are kept by a service worker; each visit is one document with the whole form, kept
when the visit is prepared. Everything else is JSON. A phone is known by a cookie of this path; what it sends
about a prepared visit carries that visit's own key, so that the end of a sign-in blocks nothing.
"""

from flask import Blueprint, Response

from server.web.phone import (
    decisions,
    documents,
    lists,
    money,
    past,
    sending,
    shell,
    signing_in,
    spot,
    uploading,
)
from server.web.phone.knowing import MARK

blueprint = Blueprint("phone", __name__, url_prefix="/t")

for part in (shell, signing_in, lists, decisions, documents, sending, uploading, past, money, spot):
    part.install(blueprint)


@blueprint.after_request
def mark(response: Response) -> Response:
    """Every answer of ours says so, refusals too."""
    response.headers.update(MARK)
    return response


__all__ = ["blueprint"]
