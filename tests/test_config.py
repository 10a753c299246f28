"""Settings: refused at start with every problem at once, and never shown with their secrets."""

from pathlib import Path

import pytest

from server import config
from server.config import SETTINGS_FILE, ConfigError, Secret
from server.photo_rules import PhotoRules

KEY = "-X8IB2sE1cpmm8wWwSymGDv_qR878imNrbJAKo4Z0jA="
PASSWORD = "correct-horse"
GOOD = {
    "DATABASE_URL": f"postgresql://anfang:{PASSWORD}@127.0.0.1:5432/anfang",
    "S3_ENDPOINT_URL": "http://127.0.0.1:8333",
    "S3_ACCESS_KEY_ID": "key-id",
    "S3_SECRET_ACCESS_KEY": "staple-of-the-store",
    "SECRET_KEY": "battery-" * 4,
    "ANFANG_KEYS": KEY,
}
TWILIO = {
    "SMS": "twilio",
    "TWILIO_ACCOUNT_SID": "AC0",
    "TWILIO_AUTH_TOKEN": "token-token-token",
    "TWILIO_SENDER": "+15005550006",
}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A data folder without a settings file: the checkout's own must not answer for a missing setting."""
    return {"ANFANG_HOME": str(tmp_path)}


def test_defaults(home: dict[str, str]) -> None:
    settings = config.load({**GOOD, **home})
    assert settings.public_url == "http://localhost:8000"
    assert (settings.surface, settings.environment, settings.gateway) == ("all", "production", "inbox")
    assert settings.s3.public_endpoint_url == GOOD["S3_ENDPOINT_URL"]
    assert settings.twilio is None
    assert not settings.secure


def test_every_problem_at_once_a_line_each(home: dict[str, str]) -> None:
    broken = {"PORT": "eighty", "ANFANG_SURFACE": "outside", "SECRET_KEY": "short", **home}
    with pytest.raises(ConfigError) as caught:
        config.load(broken)
    lines = str(caught.value).splitlines()
    named = {line.split()[0].rstrip(":") for line in lines}
    assert named == {
        "PORT", "ANFANG_SURFACE", "SECRET_KEY", "DATABASE_URL", "S3_ENDPOINT_URL",
        "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "ANFANG_KEYS",
    }  # fmt: skip
    assert len(lines) == len(named)
    assert all(line.endswith((".", "keys new` prints one.")) for line in lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://localhost/anfang"),
        ("DATABASE_URL", "sqlite:///anfang.db"),
        ("DATABASE_URL", "postgresql"),
        ("DATABASE_URL", "postgresql://"),
        ("DATABASE_URL", "postgresql://localhost"),
        ("DATABASE_URL", f"postgresql://u:{PASSWORD}@localhost:port/anfang"),
        ("DATABASE_URL", f"postgresql://u:{PASSWORD}@[::1/anfang"),
        ("DATABASE_URL", "anfang"),
        ("S3_ENDPOINT_URL", "127.0.0.1:8333"),
        ("S3_ENDPOINT_URL", "s3://bucket"),
        ("S3_ENDPOINT_URL", "http://"),
        ("S3_ENDPOINT_URL", "http://["),
        ("S3_ENDPOINT_URL", "http://store:99999"),
        ("S3_ENDPOINT_URL", f"http://u:{PASSWORD}@store"),
        ("S3_PUBLIC_ENDPOINT_URL", "//store"),
        ("PUBLIC_URL", "anfang.example"),
        ("PUBLIC_URL", "javascript://anfang.example"),
        ("PUBLIC_URL", "https://anfang.example/app"),
        ("PUBLIC_URL", "https://anfang.example?a=1"),
        ("PUBLIC_URL", "https://anfang.example#a"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "8_000"),
        ("PORT", "８０００"),
        ("PORT", "9" * 5_000),
        ("ANFANG_SURFACE", "Public"),
        ("ANFANG_ENV", "debug"),
        ("ANFANG_PROXIES", "-1"),
        ("ANFANG_PROXIES", "10"),
        ("SMS", "pigeon"),
        ("WEBHOOKS_FILE", "/nowhere/webhooks.json"),
        ("SECRET_KEY", "x" * 31),
        ("ANFANG_KEYS", ","),
        ("ANFANG_KEYS", "secret"),
        ("ANFANG_KEYS", f"{KEY},secret"),
        ("ANFANG_KEYS", f"{KEY[:20]} {KEY[20:]}"),
        ("ANFANG_KEYS", f"!{KEY}"),
        ("ANFANG_KEYS", "密" * 44),
    ],
)
def test_nonsense_is_refused_in_one_sentence(home: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load({**GOOD, **home, name: value})
    [sentence] = str(caught.value).splitlines()
    assert sentence.startswith(name)
    assert PASSWORD not in sentence
    assert KEY not in sentence


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SMTP_URL": "smtp://mail.example"}, "MAIL_FROM"),
        ({"SMTP_URL": "http://mail.example", "MAIL_FROM": "a@b.example"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://", "MAIL_FROM": "a@b.example"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://u:correct-horse@h:99999", "MAIL_FROM": "a@b.example"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://mail.example", "MAIL_FROM": "江城银行"}, "MAIL_FROM"),
        ({"SMTP_URL": "smtp://mail.example", "MAIL_FROM": "a@b.example\nBcc: c@d.example"}, "MAIL_FROM"),
    ],
)
def test_a_mail_server_needs_an_address_and_a_sender(
    home: dict[str, str], changes: dict[str, str], named: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load({**GOOD, **home, **changes})
    assert str(caught.value).startswith(named)
    assert PASSWORD not in str(caught.value)


def test_a_mail_server_from_its_address(home: dict[str, str]) -> None:
    given = {"SMTP_URL": "smtps://us%40er:p%3Aw@mail.example", "MAIL_FROM": "江城银行 <ask@bank.example>"}
    mail = config.load({**GOOD, **home, **given}).mail
    assert mail == config.MailSettings(
        "mail.example", 465, True, "江城银行 <ask@bank.example>", "us@er", Secret("p:w")
    )
    plain = config.load({**GOOD, **home, **given, "SMTP_URL": "smtp://127.0.0.1:2525"}).mail
    assert plain is not None
    assert (plain.port, plain.tls, plain.user) == (2525, False, "")


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("DATABASE_URL", "postgres://localhost/anfang", "database_url", "postgresql://localhost/anfang"),
        ("DATABASE_URL", "postgresql+psycopg://h/a", "database_url", "postgresql://h/a"),
        ("DATABASE_URL", "postgresql:///a?host=/run", "database_url", "postgresql:///a?host=/run"),
        ("PUBLIC_URL", "https://anfang.example/", "public_url", "https://anfang.example"),
        ("PUBLIC_URL", "http://[::1]:8000", "public_url", "http://[::1]:8000"),
        ("PORT", "65535", "port", 65535),
        ("ANFANG_SURFACE", "public", "surface", "public"),
        ("ANFANG_PROXIES", "2", "proxies", 2),
        ("ANFANG_KEYS", f" {KEY} , {KEY},", "keys", (Secret(KEY), Secret(KEY))),
        ("SECRET_KEY", "y" * 32 + "\n", "secret_key", Secret("y" * 32)),
    ],
)
def test_what_is_understood(
    home: dict[str, str], name: str, value: str, attribute: str, expected: object
) -> None:
    assert getattr(config.load({**GOOD, **home, name: value}), attribute) == expected


def test_a_store_below_a_path_is_an_address(home: dict[str, str]) -> None:
    settings = config.load({**GOOD, **home, "S3_ENDPOINT_URL": "https://store.example/storage/s3/"})
    assert settings.s3.endpoint_url == "https://store.example/storage/s3"


@pytest.mark.parametrize("name", [*GOOD, "PORT", "PUBLIC_URL", "ANFANG_SURFACE"])
@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_an_empty_variable_counts_as_unset(home: dict[str, str], name: str, empty: str) -> None:
    with_empty, without = {**GOOD, **home, name: empty}, {**GOOD, **home}
    without.pop(name, None)
    assert _outcome(with_empty) == _outcome(without)


def _outcome(environ: dict[str, str]) -> object:
    try:
        return config.load(environ)
    except ConfigError as error:
        return str(error)


def test_the_environment_goes_before_the_file(home: dict[str, str], tmp_path: Path) -> None:
    lines = ["# written by the start", "", "PORT=9000"]
    lines += [f"{name} = {value}" for name, value in GOOD.items()]
    (tmp_path / SETTINGS_FILE).write_text("\n".join(lines))
    from_file = config.load(home)
    assert from_file.port == 9000
    assert from_file.database_url == GOOD["DATABASE_URL"]
    assert config.load({**home, "PORT": "9001"}).port == 9001
    assert config.load({**home, "PORT": ""}).port == 9000


def test_a_value_in_the_file_may_hold_an_equals_sign(home: dict[str, str], tmp_path: Path) -> None:
    url = "postgresql://h/a?sslmode=require"
    (tmp_path / SETTINGS_FILE).write_text(f"DATABASE_URL={url}\n")
    assert config.load({**GOOD, **home, "DATABASE_URL": ""}).database_url == url


def test_a_file_that_cannot_be_read_is_a_sentence(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(b"PORT=\xff")
    with pytest.raises(ConfigError, match=SETTINGS_FILE):
        config.load({**GOOD, **home})


def test_secrets_show_nowhere(home: dict[str, str]) -> None:
    settings = config.load({**GOOD, **TWILIO, **home})
    assert settings.twilio is not None
    assert settings.twilio.auth_token.reveal() == TWILIO["TWILIO_AUTH_TOKEN"]
    shown = f"{settings!r} {settings} {settings.secret_key} {settings.keys[0]!r:>40}"
    secrets = (PASSWORD, KEY, "staple-of-the-store", "battery", TWILIO["TWILIO_AUTH_TOKEN"])
    assert not [secret for secret in secrets if secret in shown]


def test_twilio_needs_its_settings_only_when_chosen(home: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load({**GOOD, **home, "SMS": "twilio"})
    assert [line.split()[0] for line in str(caught.value).splitlines()] == [
        "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_SENDER",
    ]  # fmt: skip
    assert config.load({**GOOD, **home, "TWILIO_ACCOUNT_SID": "AC0"}).twilio is None


@pytest.mark.parametrize(("url", "secure"), [("https://a.example", True), ("http://a.example", False)])
def test_cookies_are_secure_exactly_over_https(home: dict[str, str], url: str, secure: bool) -> None:
    assert config.load({**GOOD, **home, "PUBLIC_URL": url}).secure is secure


def test_a_second_token_counts_while_the_first_is_changed(home: dict[str, str]) -> None:
    second = {"TWILIO_AUTH_TOKEN_2": "another-token-now"}
    settings = config.load({**GOOD, **TWILIO, **home, **second})
    assert settings.twilio is not None
    assert settings.twilio.second_auth_token == Secret("another-token-now")
    with pytest.raises(ConfigError, match="TWILIO_AUTH_TOKEN_2 is too short"):
        config.load({**GOOD, **TWILIO, **home, "TWILIO_AUTH_TOKEN_2": "short"})


def test_how_large_and_how_long_is_set_in_megabytes_and_days(home: dict[str, str]) -> None:
    assert config.load({**GOOD, **home}).photos == PhotoRules()
    given = {"PHOTOS_VIDEO_MB": "50", "PHOTOS_ORIGINALS_DAYS": "30", "PHOTOS_A_SUBMISSION": "12"}
    wanted = PhotoRules(video_bytes=50 * 1024 * 1024, originals_days=30, submission_photos=12)
    assert config.load({**GOOD, **home, **given}).photos == wanted
    for wrong in ("0", "-1", "ten", "100000", "1.5"):
        with pytest.raises(ConfigError, match="PHOTOS_ORPHAN_DAYS is"):
            config.load({**GOOD, **home, "PHOTOS_ORPHAN_DAYS": wrong})
    # One byte more than forms may ask for, and the number of bytes would soon not fit into its column.
    with pytest.raises(ConfigError, match="PHOTOS_VIDEO_MB is '2001'; it must be a number from 1 to 2000"):
        config.load({**GOOD, **home, "PHOTOS_VIDEO_MB": "2001"})


def test_a_described_gateway_may_name_its_own_secrets_and_no_others(
    home: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "gateway.json"
    http = {"SMS": "http", "SMS_GATEWAY_FILE": str(file), "SMS_SECRET_KEY": "of the bank", **home}
    with pytest.raises(ConfigError, match="there is no such file"):
        config.load({**GOOD, **http})
    file.write_text("{}")
    gateway = config.load({**GOOD, **http}).http_gateway
    assert gateway is not None
    assert (gateway.file, gateway.secrets) == (file, {"KEY": Secret("of the bank")})
    assert "of the bank" not in repr(gateway)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMS_FILE_FOLDER", ""),
        ("SMS_FILE_FOLDER", "/no/such/folder"),
        ("SMS_FILE_ENCODING", "big5"),
        ("SMS_FILE_LINES", "0"),
        ("SMS_FILE_SECONDS", "soon"),
        ("SMS_FILE_SECONDS", "１"),
    ],
)
def test_a_batch_needs_a_folder_and_numbers(
    home: dict[str, str], tmp_path: Path, name: str, value: str
) -> None:
    good = {**GOOD, **home, "SMS": "file", "SMS_FILE_FOLDER": str(tmp_path)}
    batch = config.load({**good, "SMS_FILE_ENCODING": "gbk", "SMS_FILE_LINES": "20"}).batch
    assert batch == config.BatchSettings(tmp_path, "gbk", 20, 60)
    with pytest.raises(ConfigError) as caught:
        config.load({**good, name: value})
    [sentence] = str(caught.value).splitlines()
    assert sentence.startswith(name)
