"""The library of remarks: sentences that reviewers put into notes and questions again and again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.models.reviews import ReviewRemark

LONGEST: Final = 200
MOST: Final = 500


def list_remarks(connection: Connection, codes: Collection[str] | None = None) -> Sequence[AnyRow]:
    """The remarks there are, those about one item first.

    Args:
        codes: of items; then only remarks about these, and about no item in particular.
    """
    columns = ReviewRemark.__table__.columns
    query = select(*columns).where(columns.removed_at.is_(None))
    if codes is not None:
        query = query.where(or_(columns.item_code.is_(None), columns.item_code.in_(codes)))
    return connection.execute(query.order_by(columns.item_code.nulls_last(), columns.sentence)).all()


def add_remark(connection: Connection, sentence: str, item_code: str, *, by: str, now: datetime) -> None:
    """Keep a sentence; the same once more changes nothing.

    Raises:
        Refusal: invalid_fields: `field_required`, `text_too_long`, `remarks_full`.
    """
    said = sentence.strip()
    standing = connection.scalar(
        select(func.count()).select_from(ReviewRemark).where(ReviewRemark.removed_at.is_(None))
    )
    checks = (
        (not said, Detail("field_required", "/sentence")),
        (len(said) > LONGEST, Detail("text_too_long", "/sentence", {"limit": LONGEST})),
        ((standing or 0) >= MOST, Detail("remarks_full", "/sentence", {"limit": MOST})),
    )
    if problems := [detail for wrong, detail in checks if wrong]:
        raise Refusal("invalid_fields", details=problems)
    values = {"id": new_id(), "sentence": said, "item_code": item_code.strip() or None}
    added = connection.execute(
        insert_or_skip(ReviewRemark)
        .values(**values, written_by=by, written_at=now)
        .on_conflict_do_nothing()
        .returning(ReviewRemark.id)
    ).first()
    if added is not None:
        entry = audit.Entry(by, "remark_added", f"remark:{values['id']}", {"text": said})
        audit.record(connection, [entry], at=now)


def remove_remark(connection: Connection, remark_id: UUID, *, by: str, now: datetime) -> None:
    """Raises: Refusal: not_found."""
    gone = connection.execute(
        update(ReviewRemark)
        .where(ReviewRemark.id == remark_id, ReviewRemark.removed_at.is_(None))
        .values(removed_at=now)
        .returning(ReviewRemark.sentence)
    ).first()
    if gone is None:
        raise Refusal("not_found")
    entry = audit.Entry(by, "remark_removed", f"remark:{remark_id}", {"text": gone.sentence})
    audit.record(connection, [entry], at=now)
