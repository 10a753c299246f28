"""An order at the console, from the publication to its end; by hand; on paper; who may do what."""

import io
import re
from typing import Any

import docx
import pytest
from flask import Flask
from sqlalchemy import Engine, select, update

from server.followup.orders.issuing import issue_due
from server.jobs.reports import keep_orders
from server.models.orders import OrderItem, RectificationOrder
from server.models.submissions import Attachment
from server.services import services
from server.typesetting.word import TYPE
from tests.conftest import START
from tests.followup.orders.test_orders import CHANGES
from tests.followup.publishing.waves_for_tests import Closed, create_closed, published, ref_of
from tests.http.staff import signed_in
from tests.storage.test_inspection import photo
from tests.web.test_wave_pages import Desk

NEW = "/console/orders/new"
TEMPLATE = "/console/papers/order"


@pytest.fixture
def closed(app: Flask, engine: Engine) -> Closed:
    given = services
    with app.app_context(), engine.begin() as connection:
        made = create_closed(connection, given().keys, **CHANGES)
        published(connection, made, now=START)
        issue_due(connection, given().forms, now=START)
    return made


@pytest.fixture
def coordinator(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "coordinator"))


@pytest.fixture
def manager(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "branch_manager", "B101"))


def order_of(engine: Engine) -> str:
    with engine.connect() as connection:
        return f"/console/orders/{connection.scalars(select(RectificationOrder.id)).one()}"


def item_of(engine: Engine) -> str:
    with engine.connect() as connection:
        return f"/items/{connection.scalars(select(OrderItem.id)).one()}"


def test_signed_fixed_with_a_photo_given_back_and_closed(
    engine: Engine, closed: Closed, coordinator: Desk, manager: Desk
) -> None:
    order, item = order_of(engine), item_of(engine)
    assert order in manager.get("/console/orders")
    assert "提交核验" not in manager.get(order), "nobody signed for it yet"
    assert manager.post(order, name="赵经理").status_code == 303
    page = manager.get(order)
    assert "赵经理" in page
    assert "提交核验" in page
    files = {"photos": (io.BytesIO(photo(40, 30)), "fixed.jpg")}
    assert manager.post(f"{order}{item}/fix", note="已培训柜员", **files).status_code == 303
    with engine.begin() as connection:
        assert connection.scalars(select(Attachment.question).where(Attachment.named)).all() == ["order"]
        connection.execute(update(Attachment).values(state="verified"))
    page = coordinator.get(f"{order}")
    assert "已培训柜员" in page
    assert "整改照片 1" in page
    assert order in coordinator.get("/console/orders?view=verify")
    refused = coordinator.post(f"{order}{item}/verdict", act="return")
    assert refused.status_code == 422
    assert coordinator.post(f"{order}{item}/verdict", act="return", note="看不清").status_code == 303
    assert "看不清" in manager.get(order)
    assert manager.post(f"{order}{item}/fix", note="重拍").status_code == 303
    assert coordinator.post(f"{order}{item}/verdict", act="close", way="desk").status_code == 303
    assert "已销号" in manager.get(order)
    assert "提交核验" not in manager.get(order)


def test_a_photo_that_is_none_loses_nothing(engine: Engine, closed: Closed, manager: Desk) -> None:
    order, item = order_of(engine), item_of(engine)
    manager.post(order, name="赵经理")
    files = {"photos": (io.BytesIO(b"no photo"), "x.jpg")}
    refused = manager.post(f"{order}{item}/fix", note="已培训柜员", **files)
    assert refused.status_code == 422
    assert "已培训柜员" in refused.text
    with engine.connect() as connection:
        assert connection.scalars(select(OrderItem.state)).one() == "open"


def test_by_hand_about_a_unit_and_about_an_item(engine: Engine, closed: Closed, coordinator: Desk) -> None:
    page = coordinator.get(NEW)
    programme = re.findall(r'<option value="([0-9a-f-]+)"', page)[0]
    values = {"subject": "B102", "programme": programme, "said": "补上公示牌", "urgent": "1"}
    refused = coordinator.post(NEW, **{**values, "subject": "none"})
    assert (refused.status_code, "补上公示牌" in refused.text) == (422, True)
    assert coordinator.post(NEW, **{**values, "programme": ""}).status_code == 422
    assert coordinator.post(NEW, **{**values, "due": "2020-01-01"}).status_code == 422
    made = coordinator.post(NEW, **values)
    assert made.status_code == 303
    assert "补上公示牌" in coordinator.get(made.headers["Location"])
    with engine.connect() as connection:
        ref = ref_of(connection, closed.reports["B101"])
    assert f"ref={ref}" in coordinator.get(f"/console/scores/{ref}")
    about = {"ref": ref, "item": "greeting"}
    assert 'name="programme"' not in coordinator.get(f"{NEW}?ref={ref}&item=greeting")
    made = coordinator.post(NEW, **about, said="加练一周", due="2099-01-01")
    assert "加练一周" in coordinator.get(made.headers["Location"])


def test_deadlines_are_moved_and_items_taken_back_with_a_reason(
    engine: Engine, closed: Closed, coordinator: Desk
) -> None:
    order, item = order_of(engine), item_of(engine)
    address = f"{order}{item}/deadline"
    assert coordinator.post(address, act="extend", note="等备件").status_code == 422
    assert coordinator.post(address, act="extend", note="等备件", due="2020-01-01").status_code == 422
    assert coordinator.post(address, act="close", note="x").status_code == 422
    assert coordinator.post(address, act="extend", note="等备件", due="2099-01-01").status_code == 303
    assert "2099" in coordinator.get(order)
    assert coordinator.post(address, act="withdraw", note="开错了").status_code == 303
    assert "已撤销" in coordinator.get(order)


def test_who_may_not(app: Flask, engine: Engine, closed: Closed, manager: Desk) -> None:
    order, item = order_of(engine), item_of(engine)
    other = Desk(*signed_in(app, engine, "evaluated_body", "B102"))
    assert other.client.get(order).status_code == 404
    assert other.client.get(f"{order}.pdf").status_code == 404
    assert other.post(order, name="别人").status_code == 404
    assert manager.post(f"{order}{item}/verdict", act="close", way="site").status_code == 403
    assert manager.client.get(NEW).status_code == 403
    assert manager.client.get(TEMPLATE).status_code == 403


def test_on_paper(engine: Engine, closed: Closed, manager: Desk) -> None:
    order = order_of(engine)
    pdf = manager.client.get(f"{order}.pdf")
    assert (pdf.mimetype, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    word = manager.client.get(f"{order}.docx")
    assert word.mimetype == TYPE
    assert {"整改通知书", "整改〔2026〕1号"} <= set(lines_of(word.data))


def lines_of(data: bytes) -> list[str]:
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [*(each.text for each in document.paragraphs), *cells]


def test_a_bank_prints_by_its_own_template(
    engine: Engine, closed: Closed, coordinator: Desk, manager: Desk
) -> None:
    usual = coordinator.client.get(f"{TEMPLATE}.docx").data
    document = docx.Document(io.BytesIO(usual))
    document.paragraphs[0].insert_paragraph_before("朝阳银行 <{{ number }}>")
    edited = io.BytesIO()
    document.save(edited)
    sent = coordinator.post(TEMPLATE, file=(io.BytesIO(edited.getvalue()), "抬头.docx"))
    assert sent.status_code == 303
    assert "抬头.docx" in coordinator.get(TEMPLATE)
    order = order_of(engine)
    assert "朝阳银行 <整改〔2026〕1号>" in lines_of(manager.client.get(f"{order}.docx").data)


def test_a_template_that_is_none_is_told(closed: Closed, coordinator: Desk) -> None:
    assert coordinator.post(TEMPLATE).status_code == 422
    refused = coordinator.post(TEMPLATE, file=(io.BytesIO(b"no"), "x.docx"))
    assert (refused.status_code, "不是 Word 文档" in refused.text) == (422, True)


def test_a_notice_leads_to_its_order(app: Flask, engine: Engine, closed: Closed, manager: Desk) -> None:
    with app.app_context():
        keep_orders()
    assert order_of(engine) in manager.get("/console")


def test_everything_is_read_in_english_too(engine: Engine, closed: Closed, manager: Desk) -> None:
    english: dict[str, Any] = {"headers": {"Accept-Language": "en"}}
    assert "Order 1/2026" in manager.client.get(order_of(engine), **english).text
    assert "Order to put right" in lines_of(manager.client.get(f"{order_of(engine)}.docx", **english).data)
