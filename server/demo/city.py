"""The demo bank's organisation: head office, 5 district offices, 12 sub-branches, 40 outlets."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from server.demo.chance import clamp, stream
from server.demo.places import (
    BANK,
    BANK_EN,
    CENTRE_LATITUDE,
    CENTRE_LONGITUDE,
    CITY,
    DISTRICTS,
    HEAD_ROAD,
    DistrictPlace,
    Road,
    SubBranchPlace,
)

UNIT_COLUMNS = (
    "机构编号",
    "机构名称",
    "英文名称",
    "上级编号",
    "级别",
    "地址",
    "经度",
    "纬度",
    "坐标系",
    "时区",
    "营业时间",
    "窗口数",
    "标签",
)

ROOT_CODE = "YX"
KM_PER_DEGREE = 111.32
CLOSEST_KM = 0.35


@dataclass(frozen=True, slots=True)
class DemoUnit:
    """One row of the organisation tree.

    Attributes:
        level: city, district, sub_branch or outlet.
        longitude, latitude: degrees, GCJ-02.
        hours: opening hours as shown on the door, "" above outlets.
        counters: counters with a window, 0 above outlets.
        tags: what marks the outlet (旗舰, 适老 …).
        quality: how well people are served, 0 to 1. Never shown and never imported: it only shapes answers.
        weak_side: the theme that customers complain of most, a key of `server.demo.remarks.THEMES`.
        size: relative number of customers, 0 above outlets.
    """

    code: str
    parent_code: str
    name: str
    name_en: str
    level: str
    address: str
    longitude: Decimal
    latitude: Decimal
    hours: str = ""
    counters: int = 0
    tags: tuple[str, ...] = ()
    quality: float = 0.0
    weak_side: str = ""
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class _Kind:
    """What an outlet is: how it is named, and how big it is."""

    suffix: str
    suffix_en: str
    counters: tuple[int, int]
    size: float


_HALL = _Kind("营业部", "Main Hall", (5, 8), 2.0)
_OFFICE = _Kind("分理处", "Office", (3, 5), 1.0)
_COMMUNITY = _Kind("社区支行", "Community Outlet", (1, 2), 0.5)

_HOURS = {_HALL: "08:30-17:30", _OFFICE: "09:00-17:00", _COMMUNITY: "10:00-19:00"}


def build_city(seed: int) -> tuple[DemoUnit, ...]:
    """All 58 units, parents before children, so that an import can take them line by line."""
    rng = stream(seed, "city")
    units = [_head_office(rng)]
    for number, district in enumerate(DISTRICTS, start=1):
        units.extend(_district(rng, f"{ROOT_CODE}{number:02}", district))
    return tuple(units)


def outlets(units: Iterable[DemoUnit]) -> tuple[DemoUnit, ...]:
    """The units that customers and shoppers visit."""
    return tuple(unit for unit in units if unit.level == "outlet")


def units_csv(units: Sequence[DemoUnit]) -> bytes:
    """The units as the import takes them: CSV, UTF-8 with the mark that Excel needs."""
    return table_bytes(
        UNIT_COLUMNS,
        (
            (
                unit.code,
                unit.name,
                unit.name_en,
                unit.parent_code,
                unit.level,
                unit.address,
                str(unit.longitude),
                str(unit.latitude),
                "GCJ-02",
                "Asia/Shanghai",
                unit.hours,
                str(unit.counters) if unit.level == "outlet" else "",
                "、".join(unit.tags),
            )
            for unit in units
        ),
    )


def table_bytes(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file as bytes: UTF-8 with BOM, CRLF, quoted where needed."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _head_office(rng: Random) -> DemoUnit:
    longitude, latitude = _place(0, 0)
    return DemoUnit(
        code=ROOT_CODE,
        parent_code="",
        name=BANK,
        name_en=BANK_EN,
        level="city",
        address=_address(rng, "栖云区", HEAD_ROAD),
        longitude=longitude,
        latitude=latitude,
    )


def _district(rng: Random, code: str, place: DistrictPlace) -> list[DemoUnit]:
    """The district office, down the road from its first sub-branch, and all below it."""
    first = place.sub_branches[0]
    longitude, latitude = _place(first.east + rng.uniform(0.2, 0.5), first.north)
    office = DemoUnit(
        code=code,
        parent_code=ROOT_CODE,
        name=f"{place.name}管理部",
        name_en=f"{place.name_en} Office",
        level="district",
        address=_address(rng, place.name, first.roads[0]),
        longitude=longitude,
        latitude=latitude,
    )
    units = [office]
    for number, sub_branch in enumerate(place.sub_branches, start=1):
        units.extend(_sub_branch(rng, f"{code}{number:02}", office, sub_branch))
    return units


def _sub_branch(rng: Random, code: str, office: DemoUnit, place: SubBranchPlace) -> list[DemoUnit]:
    """The sub-branch, which stands where its main banking hall stands, and its outlets."""
    district = office.name.removesuffix("管理部")
    points = _scatter(rng, place.east, place.north, len(place.roads))
    halls = [
        _outlet(rng, f"{code}{number:02}", (place, district), road, _place(*point))
        for number, (road, point) in enumerate(zip(place.roads, points, strict=True), start=1)
    ]
    sub_branch = DemoUnit(
        code=code,
        parent_code=office.code,
        name=place.name,
        name_en=place.name_en,
        level="sub_branch",
        address=halls[0].address,
        longitude=halls[0].longitude,
        latitude=halls[0].latitude,
    )
    return [sub_branch, *halls]


def _outlet(
    rng: Random, code: str, within: tuple[SubBranchPlace, str], road: Road, point: tuple[Decimal, Decimal]
) -> DemoUnit:
    place, district = within
    kind = _kind(code, road)
    leading = place if kind is _HALL else road
    counters = rng.randint(*kind.counters)
    quality = clamp(rng.gauss(place.quality, 0.02), 0.0, 0.98)
    return DemoUnit(
        code=code,
        parent_code=code[:-2],
        name=f"{leading.name}{kind.suffix}",
        name_en=f"{leading.name_en} {kind.suffix_en}",
        level="outlet",
        address=_address(rng, district, road),
        longitude=point[0],
        latitude=point[1],
        hours=_HOURS[kind],
        counters=counters,
        tags=_tags(rng, kind, quality),
        quality=round(quality, 3),
        weak_side=place.weak_side,
        size=round(kind.size * rng.uniform(0.8, 1.25), 3),
    )


def _kind(code: str, road: Road) -> _Kind:
    if code.endswith("01"):
        return _HALL
    return _COMMUNITY if road.name.endswith(("里", "巷", "桥")) else _OFFICE


def _tags(rng: Random, kind: _Kind, quality: float) -> tuple[str, ...]:
    tags = []
    if kind is _HALL and quality > 0.83:
        tags.append("旗舰")
    if kind is _COMMUNITY:
        tags.append("社区")
    if rng.random() < 0.25 + 0.35 * quality:
        tags.append("适老")
    if kind is not _COMMUNITY and rng.random() < 0.4:
        tags.append("对公")
    if rng.random() < 0.2:
        tags.append("周末营业")
    return tuple(tags)


def _address(rng: Random, district: str, road: Road) -> str:
    return f"{CITY}{district}{road.name}{rng.randint(6, 288)}号"


def _scatter(rng: Random, east: float, north: float, count: int) -> list[tuple[float, float]]:
    """Points around a centre, in kilometres; two outlets of one bank never stand wall to wall."""
    points = [(east, north)]
    while len(points) < count:
        point = (rng.gauss(east, 0.9), rng.gauss(north, 0.8))
        if min(math.dist(point, other) for other in points) >= CLOSEST_KM:
            points.append(point)
    return points


def _place(east: float, north: float) -> tuple[Decimal, Decimal]:
    """Longitude and latitude of a point given in kilometres from the city's centre."""
    latitude = CENTRE_LATITUDE + north / KM_PER_DEGREE
    longitude = CENTRE_LONGITUDE + east / (KM_PER_DEGREE * math.cos(math.radians(CENTRE_LATITUDE)))
    return Decimal(f"{longitude:.6f}"), Decimal(f"{latitude:.6f}")
