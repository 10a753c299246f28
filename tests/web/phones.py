"""A phone of the visits app, and what it tells."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask.testing import FlaskClient

from tests.builders import NOW

PASSED = {
    "notes": "phone",
    "asked": "deny",
    "unsure": "reason",
    "photos": "no",
    "faces": "nofaces",
    "ties": "decline",
}
JSON = dict[str, Any]


class Phone:
    """A phone with its cookies and the keys of the visits it has prepared."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.key: tuple[str, str] = ("", "")

    def ask(self, method: str, path: str, body: JSON | None = None, *, status: int = 200) -> JSON:
        ref, secret = self.key
        response = self.client.open(
            f"/t{path.format(ref=ref)}",
            method=method,
            json=body,
            headers={"Accept": "application/json", "Authorization": f"Visit {secret}"},
        )
        assert response.status_code == status, response.get_data(as_text=True)
        assert response.headers["X-Phone"] == "1"
        return dict(response.get_json() or {})

    def prepare(self, assignment_id: UUID) -> JSON:
        said = self.ask("POST", f"/visits/{assignment_id}/prepare", {})
        self.key = (said["ref"], said["key"])
        return said


def record(**said: Any) -> JSON:
    return {"sent_at": NOW.isoformat(), "events": [], "notes": [], "tray": [], **said}


def report(stay: str = "yes", *, version: int = 1, **said: Any) -> JSON:
    return {
        "version": version,
        "answers": urlencode({"stay": stay, "words": "很好"}),
        "declaration": {"name": "小周", "at": NOW.isoformat()},
        "record": record(**said),
    }
