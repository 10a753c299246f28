"""Posters: a page an outlet, squares that hold the address, names that stay names."""

import io
import re

import segno
import typst
from PIL import Image

from server.typesetting.posters import Poster, posters
from server.typesetting.setting import MARGIN, TEMPLATES, square

LINK = "https://survey.example.cn/q/" + "Aa1_-" * 4 + "Zz"
NAMES = {"zh": "云岫银行", "en": "Yunxiu Bank"}
NASTY = '#image("/etc/passwd") *粗* $x$ \\ @x <y> ` ] }'


def pages(pdf: bytes) -> int:
    [count] = re.findall(rb"/Type/Pages/Count (\d+)", pdf)
    return int(count)


def test_a_page_for_each_outlet_and_the_same_bytes_each_time() -> None:
    long = "云岫银行股份有限公司江城分行钟楼支行营业部大堂" * 2  # two lines, and no second page
    sheets = [Poster("青年路支行", "Youth Road", LINK), Poster(NASTY, None, LINK), Poster(long, long, LINK)]
    made = posters(NAMES, sheets)
    assert made.startswith(b"%PDF")
    assert made == posters(NAMES, sheets)
    assert pages(made) == len(sheets)


def test_a_square_as_it_is_drawn_holds_the_address() -> None:
    """Read back cell by cell from the picture, and held against what a reader of squares would expect."""
    rows = ["".join(map(str, row)) for row in segno.make(LINK, error="m", micro=False).matrix]
    alone = b"""#import "/squares.typ": qr
#set page(width: 50mm, height: 50mm, margin: 0mm)
#qr(sys.inputs.square, 50mm)"""
    inputs = {"square": square(LINK)}
    drawn = typst.compile(alone, root=str(TEMPLATES), format="png", sys_inputs=inputs)
    assert isinstance(drawn, bytes)
    picture = Image.open(io.BytesIO(drawn)).convert("L").point(lambda shade: 255 * (shade > 127))
    step = picture.width / (len(rows) + 2 * MARGIN)
    places = [int((index + MARGIN + 0.5) * step) for index in range(len(rows))]
    assert ["".join("10"[picture.getpixel((x, y)) == 255] for x in places) for y in places] == rows
