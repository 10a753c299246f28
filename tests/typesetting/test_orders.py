"""Orders on paper: what a template may say, and what it may not."""

import io
import zipfile

import docx
import pytest

from server.typesetting.bulletins import Bulletin, Fault, Named, Row, bulletin_pdf, usual_bulletin
from server.typesetting.orders import Line, Paper, order_pdf, usual_order
from server.typesetting.word import TemplateBroken, check_template, filled

WORDS = {
    "title": "整改通知书",
    "to": "收单人：",
    "issued": "开具日期：",
    "item": "事项",
    "due": "期限",
    "state": "状态",
    "signature": "签收：",
}


def paper(**changes: object) -> Paper:
    lines = [Line(1, "是否问候 <b>", "限期整改", '#image("/etc/passwd")', "2026-12-01", "待整改")]
    values = {
        "locale": "zh", "words": WORDS, "organisation": "朝阳银行", "number": "整改〔2026〕1号",
        "recipient": "青年路支行", "issued": "2026-11-23", "lines": lines, "signed": "", "link": "http://127.0.0.1/console/orders/1",
    }  # fmt: skip
    return Paper(**{**values, **changes})


def text_of(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(each.text for each in document.paragraphs), *cells])


def test_the_usual_template_takes_what_people_typed_as_it_is() -> None:
    said = text_of(filled(usual_order(WORDS), paper().told()))
    for part in ("整改通知书", "青年路支行", "是否问候 <b>", '#image("/etc/passwd")'):
        assert part in said
    assert "{" not in said


@pytest.mark.parametrize("changes", [{}, {"signed": "赵经理"}, {"lines": []}, {"locale": "en"}])
def test_a_pdf_of_every_kind(changes: dict[str, object]) -> None:
    assert order_pdf(paper(**changes))[:5] == b"%PDF-"


def test_the_same_order_gives_the_same_bytes() -> None:
    assert order_pdf(paper()) == order_pdf(paper())


def broken(**parts: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as writing:
        for name, data in parts.items():
            writing.writestr(name, data)
    return packed.getvalue()


def tagged(tag: str) -> bytes:
    document, saved = docx.Document(), io.BytesIO()
    document.add_paragraph(tag)
    document.save(saved)
    return saved.getvalue()


OUTSIDE = b'<Relationships><Relationship TargetMode="External" Target="http://127.0.0.1/"/></Relationships>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "template_no_word"),
        (b"PK\x03\x04 no", "template_no_word"),
        (broken(a=b"x"), "template_no_word"),
        (broken(**{"word/document.xml": b"0" * 30_000_000}), "template_large"),
        (b"0" * 3_000_000, "template_large"),
        (broken(**{"word/document.xml": b"", "word/_rels/document.xml.rels": OUTSIDE}), "template_outside"),
        (broken(**{"word/document.xml": b"", "word/vbaProject.bin": b"x"}), "template_outside"),
        (broken(**{"word/document.xml": b"<nonsense"}), "template_no_word"),
        (tagged("{{ nummer }}"), "template_tags"),
        (tagged("{{ number"), "template_tags"),
        (tagged("{% for a in lines %}"), "template_tags"),
        (tagged("{{ number.__class__.__mro__ }}"), "template_tags"),
        (tagged("{{ lines.append(1) }}"), "template_tags"),
        (tagged("{{ range(999999999) }}"), "template_tags"),
    ],
)
def test_templates_that_are_none(data: bytes, code: str) -> None:
    with pytest.raises(TemplateBroken) as broken_template:
        check_template(data, paper().told())
    assert broken_template.value.code == code


def test_a_bulletin_is_filled_in_like_an_order() -> None:
    names = (
        "title",
        "named",
        "why",
        "what",
        "who",
        "league",
        "rank",
        "unit",
        "score",
        "grade",
        "faults",
        "item",
    )
    words = {name: f"[{name}]" for name in (*names, "count")}
    bulletin = Bulletin(
        locale="zh",
        words=words,
        organisation="朝阳银行",
        round="三季度",
        version="第 1 版",
        published="2026-11-23",
        summary="平均 90 分",
        named=[Named("后三名", "通报", "甲、乙")],
        league=[Row("1", "甲 <支行>", "东城", "95.00", "优秀"), Row("—", "乙", "", "—", "")],
        faults=[Fault("TEL-01", "问候", 3)],
        proof="a" * 64,
    )
    said = text_of(filled(usual_bulletin(words), bulletin.told()))
    for part in ("甲 <支行> 东城", "后三名", "甲、乙", "TEL-01 问候", "[league]"):
        assert part in said
    assert bulletin_pdf(bulletin)[:5] == b"%PDF-"
