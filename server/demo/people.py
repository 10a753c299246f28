"""The demo's people: 2,000 customers, the staff who sign in, shoppers, one survey firm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from server.demo.chance import stream
from server.demo.city import ROOT_CODE, DemoUnit, outlets, table_bytes
from server.demo.names import chinese_name, foreign_name

CONTACT_COLUMNS = ("客户编号", "姓名", "手机号", "网点编号", "语言", "大字版", "同意来源", "办理日期")

# Seven digits of a mobile range each, followed by four that count: valid to every check, and plainly made up.
_NUMBER_RANGES = ("1380000", "1390000", "1500000", "1590000", "1860000", "1890000")
_WINDOW_DAYS = 30

# Channel, the consent that comes with it, and how common it is.
_CHANNELS = (
    ("counter", "柜面签约", 55),
    ("self_service", "智能柜员机签约", 25),
    ("low_counter", "理财服务协议", 12),
    ("online_booking", "手机银行预约", 8),
)


@dataclass(frozen=True, slots=True)
class DemoContact:
    """A customer who was served lately.

    Attributes:
        phone: eleven digits, as a bank's own list has it.
        channel: counter, self_service, low_counter or online_booking.
        eagerness: how likely this person is to answer compared with others, about 1. Never imported.
    """

    external_id: str
    name: str
    phone: str
    unit_code: str
    locale: str
    large_type: bool
    consent_source: str
    served_on: date
    channel: str
    eagerness: float


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A sign-in; `unit_code` None means the whole bank. The password is given by whoever loads the demo."""

    login: str
    name: str
    role: str
    unit_code: str | None
    title: str
    title_en: str


@dataclass(frozen=True, slots=True)
class DemoShopper:
    """A mystery shopper, who works by personal link and has no sign-in."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class DemoFirm:
    """The third-party survey company."""

    code: str
    name: str
    name_en: str


FIRM = DemoFirm("XSDC", "岫山调查咨询有限公司", "Xiushan Survey & Consulting Co., Ltd.")


def build_contacts(
    seed: int, units: Sequence[DemoUnit], as_of: date, count: int = 2000
) -> tuple[DemoContact, ...]:
    """Customers of the outlets, more at the bigger ones, all served in the 30 days before `as_of`."""
    rng = stream(seed, "contacts")
    places = outlets(units)
    codes = [place.code for place in places]
    homes = codes + rng.choices(codes, [place.size for place in places], k=max(0, count - len(codes)))
    phones = _phones(rng, count)
    ids = rng.sample(range(10_000_000, 99_999_999), count)
    rng.shuffle(homes)
    return tuple(
        _contact(rng, (f"KH{ids[index]}", phones[index], homes[index]), as_of) for index in range(count)
    )


def staff(units: Sequence[DemoUnit]) -> tuple[DemoAccount, ...]:
    """One sign-in for each role that uses the console. A sub-coordinator is a coordinator of one subtree."""
    district = next(unit for unit in units if unit.level == "district" and unit.name.startswith("南埠"))
    weakest = min(outlets(units), key=lambda unit: unit.quality)
    return (
        DemoAccount("admin", "陆文博", "administrator", None, "系统管理员", "Administrator"),
        DemoAccount("coordinator", "沈晓雯", "coordinator", ROOT_CODE, "服务管理部主管", "Coordinator"),
        DemoAccount(
            "nanbu", "高立新", "coordinator", district.code, f"{district.name}督导", "District coordinator"
        ),
        DemoAccount("reviewer", "方敏", "reviewer", ROOT_CODE, "报告审核员", "Reviewer"),
        DemoAccount("owner", "韩宗岳", "owner", None, "分管副行长", "Owner"),
        DemoAccount("analyst", "任佳", "analyst", ROOT_CODE, "数据分析员", "Analyst"),
        DemoAccount("auditor", "程国平", "auditor", ROOT_CODE, "内审员", "Auditor"),
        DemoAccount("agent", "贺敏", "call_back_agent", ROOT_CODE, "客户回访员", "Call-back agent"),
        DemoAccount(
            "manager", "魏海英", "branch_manager", weakest.code, f"{weakest.name}负责人", "Branch manager"
        ),
    )


def shoppers(seed: int) -> tuple[DemoShopper, ...]:
    """Six mystery shoppers of the firm, with numbers that no customer of the demo has."""
    rng = stream(seed, "shoppers")
    return tuple(
        DemoShopper(chinese_name(rng, rng.randint(1970, 2002)), f"1770000{number:04}")
        for number in rng.sample(range(10_000), 6)
    )


def contacts_csv(contacts: Sequence[DemoContact]) -> bytes:
    """The contacts as the import takes them: CSV, UTF-8 with the mark that Excel needs."""
    return table_bytes(
        CONTACT_COLUMNS,
        (
            (
                contact.external_id,
                contact.name,
                contact.phone,
                contact.unit_code,
                contact.locale,
                "是" if contact.large_type else "否",
                contact.consent_source,
                contact.served_on.isoformat(),
            )
            for contact in contacts
        ),
    )


def _contact(rng: Random, keys: tuple[str, str, str], as_of: date) -> DemoContact:
    age = round(rng.triangular(19, 84, 41))
    english = age < 60 and rng.random() < 0.015
    channel, consent, _ = rng.choices(_CHANNELS, [share for *_, share in _CHANNELS])[0]
    return DemoContact(
        external_id=keys[0],
        name=foreign_name(rng) if english else chinese_name(rng, as_of.year - age),
        phone=keys[1],
        unit_code=keys[2],
        locale="en" if english else "zh",
        large_type=age >= 65 and rng.random() < 0.8,
        consent_source=consent,
        served_on=_served_on(rng, as_of),
        channel=channel,
        eagerness=round(1.1 - abs(age - 45) / 200, 3),
    )


def _served_on(rng: Random, as_of: date) -> date:
    """A day in the window; at weekends, when corporate counters close, about half as many are served."""
    days = [as_of - timedelta(days=back) for back in range(1, _WINDOW_DAYS + 1)]
    return rng.choices(days, [0.5 if day.weekday() >= 5 else 1.0 for day in days])[0]


def _phones(rng: Random, count: int) -> list[str]:
    """Distinct mobile numbers.

    Raises:
        ValueError: more are wanted than the made-up ranges hold (60,000).
    """
    numbers = rng.sample(range(len(_NUMBER_RANGES) * 10_000), count)
    return [f"{_NUMBER_RANGES[number // 10_000]}{number % 10_000:04}" for number in numbers]
