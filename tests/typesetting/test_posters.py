"""Posters: a page an outlet, squares that hold the address, names that stay names."""

import io
import re

import segno
from PIL import Image

from server.typesetting.posters import Poster, posters
from server.typesetting.setting import set_png, square

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
    rows = square(LINK)
    assert rows == ["".join(map(str, row)) for row in segno.make(LINK, error="m", micro=False).matrix]
    picture = Image.open(io.BytesIO(set_png("square", {"square": rows, "side": 50}))).convert("L")
    step = picture.width / (len(rows) + 8)
    seen = [
        "".join(
            "1" if picture.getpixel((int((x + 4.5) * step), int((y + 4.5) * step))) < 128 else "0"
            for x in range(len(rows))
        )
        for y in range(len(rows))
    ]
    assert seen == rows
