"""Settings: read once, frozen, and refused at start when they make no sense.

A value comes from the process environment or, failing that, from `anfang.env` in the data folder, which the
embedded start writes. So a command typed beside a running demo finds the same database as the demo.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import unquote, urlsplit

from server.config_checks import is_address, is_database, is_key, without_password
from server.photo_rules import DEFAULT_PHOTO_RULES, PhotoRules, read_photo_rules

Surface = Literal["public", "internal", "all"]
Environment = Literal["production", "test"]
Gateway = Literal["inbox", "twilio", "http", "file"]
BatchEncoding = Literal["utf-8", "gbk", "gb18030"]

SETTINGS_FILE = "anfang.env"
PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
COUNT = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
# Settings that a description of a gateway may name as {secret.NAME}: it can reach no others.
GATEWAY_PREFIX = "SMS_SECRET_"
WEBHOOK_PREFIX = "WEBHOOK_SECRET_"
MAIL_PORTS = {"smtp": 587, "smtps": 465}
MAIL_SENDER = re.compile(r"([^<>@\r\n]+<)?[\x21-\x3b\x3d\x3f-\x7e]+@[A-Za-z0-9.-]+>?")
PROXIES = re.compile(r"[0-9]", re.ASCII)


class ConfigError(Exception):
    """Settings that cannot work; the message lists every problem, a line each."""


class Secret:
    """Text that does not show itself in logs, tracebacks or reprs."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True, slots=True)
class S3Settings:
    """`public_endpoint_url` is the address that phones reach; the server itself uses `endpoint_url`."""

    endpoint_url: str
    public_endpoint_url: str
    bucket: str
    region: str
    access_key_id: str
    secret_access_key: Secret


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    account_sid: str
    auth_token: Secret
    sender: str
    base_url: str
    # While a token is being changed, callbacks may be signed with either.
    second_auth_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class HttpGatewaySettings:
    """A gateway of a bank's own: the file that describes it, and the secrets that the file may name."""

    file: Path
    secrets: Mapping[str, Secret]


@dataclass(frozen=True, slots=True)
class MailSettings:
    """A mail server, and who our letters come from: `name <address>` or an address.

    `tls` from the first byte (smtps); otherwise it is asked for, and insisted on before a password is told.
    """

    host: str
    port: int
    tls: bool
    sender: str
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """The file that names chat groups' addresses, and the secrets that it may name."""

    file: Path
    secrets: Mapping[str, Secret]


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Messages as files: closed after `lines` lines or `seconds` seconds."""

    folder: Path
    encoding: BatchEncoding = "utf-8"
    lines: int = 1_000
    seconds: int = 60


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a process is told from outside. Built by `load` or by a test, never changed."""

    database_url: str = field(repr=False)  # it usually holds a password
    s3: S3Settings
    secret_key: Secret
    keys: tuple[Secret, ...]
    public_url: str
    port: int
    surface: Surface
    environment: Environment
    gateway: Gateway
    twilio: TwilioSettings | None
    home: Path
    http_gateway: HttpGatewaySettings | None = None
    batch: BatchSettings | None = None
    mail: MailSettings | None = None
    webhooks: WebhookSettings | None = None
    proxies: int = 0
    phone_name: str = ""
    phone_icon: str = ""
    trail_days: int = 30
    photos: PhotoRules = DEFAULT_PHOTO_RULES

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https, so that cookies may and must be Secure."""
        return self.public_url.startswith("https://")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment and the data folder's file.

    Raises:
        ConfigError: naming every setting that is missing or makes no sense.
    """
    given = os.environ if environ is None else environ
    home = Path(given.get("ANFANG_HOME") or "var").absolute()
    # An empty variable counts as unset, as for the embedded start; secrets from files end in a newline.
    filled = {name: value.strip() for name, value in given.items() if value.strip()}
    return _Reader({**_file(home / SETTINGS_FILE), **filled}, home).settings()


def _file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}


class _Reader:
    """Collects problems instead of stopping at the first: whoever deploys mends them in one go."""

    def __init__(self, values: Mapping[str, str], home: Path) -> None:
        self._values = values
        self._home = home
        self._problems: list[str] = []

    def settings(self) -> Settings:
        gateway = cast(Gateway, self._choice("SMS", get_args(Gateway), "inbox"))
        port = self._port()
        settings = Settings(
            database_url=self._database_url(),
            s3=self._s3(),
            secret_key=self._secret("SECRET_KEY", shortest=32),
            keys=self._keys(),
            public_url=self._public_url(port),
            port=port,
            surface=cast(Surface, self._choice("ANFANG_SURFACE", get_args(Surface), "all")),
            environment=cast(Environment, self._choice("ANFANG_ENV", get_args(Environment), "production")),
            gateway=gateway,
            twilio=self._twilio() if gateway == "twilio" else None,
            home=self._home,
            http_gateway=self._http_gateway() if gateway == "http" else None,
            batch=self._batch() if gateway == "file" else None,
            mail=self._mail() if "SMTP_URL" in self._values else None,
            webhooks=self._webhooks() if "WEBHOOKS_FILE" in self._values else None,
            proxies=self._proxies(),
            phone_name=self._values.get("PHONE_APP_NAME", ""),
            phone_icon=self._values.get("PHONE_APP_ICON", ""),
            trail_days=self._count("TRAIL_DAYS", 30),
            photos=read_photo_rules(self._values, self._problems),
        )
        if self._problems:
            raise ConfigError("\n".join(self._problems))
        return settings

    def _text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name) or default
        if value is None:
            self._problems.append(f"{name} is not set. `make run` sets it; otherwise see docs/operations.md.")
            return ""
        return value

    def _secret(self, name: str, *, shortest: int) -> Secret:
        text = self._text(name)
        if text and len(text) < shortest:
            self._problems.append(f"{name} is too short: at least {shortest} characters.")
        return Secret(text)

    def _choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self._text(name, default)
        if value not in allowed:
            self._problems.append(f"{name} is {value!r}; it must be one of {', '.join(allowed)}.")
        return value

    def _url(self, name: str, default: str | None = None) -> str:
        value = self._text(name, default).rstrip("/")
        if value and not is_address(value):
            shown = without_password(value)
            self._problems.append(f"{name} is {shown!r}; it must be an address such as https://example.org.")
        return value

    def _public_url(self, port: int) -> str:
        value = self._url("PUBLIC_URL", f"http://localhost:{port}")
        # Links are built on it, and the store compares it with what browsers send as Origin.
        if is_address(value) and value.partition("://")[2] != urlsplit(value).netloc:
            self._problems.append("PUBLIC_URL must end after host and port, without a path.")
        return value

    def _database_url(self) -> str:
        value = self._text("DATABASE_URL")
        scheme, _, rest = value.partition("://")
        address = f"postgresql://{rest}"
        if value and scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
            self._problems.append("DATABASE_URL must begin with postgresql://; no other database is spoken.")
        elif value and not is_database(address):
            self._problems.append(
                "DATABASE_URL is no address such as postgresql://user:password@host:5432/name; "
                "signs like @ : / in a password are written as %40 %3A %2F."
            )
        return address if value else value

    def _port(self) -> int:
        text = self._text("PORT", "8000")
        if not PORT.fullmatch(text) or not 0 < int(text) < 65536:
            self._problems.append(f"PORT is {text!r}; it must be a number from 1 to 65535.")
            return 8000
        return int(text)

    def _proxies(self) -> int:
        text = self._text("ANFANG_PROXIES", "0")
        if not PROXIES.fullmatch(text):
            self._problems.append(f"ANFANG_PROXIES is {text!r}; it must be a number from 0 to 9.")
            return 0
        return int(text)

    def _s3(self) -> S3Settings:
        endpoint, public = self._url("S3_ENDPOINT_URL"), "S3_PUBLIC_ENDPOINT_URL"
        return S3Settings(
            endpoint_url=endpoint,
            public_endpoint_url=self._url(public) if public in self._values else endpoint,
            bucket=self._text("S3_BUCKET", "anfang"),
            region=self._text("S3_REGION", "us-east-1"),
            access_key_id=self._text("S3_ACCESS_KEY_ID"),
            secret_access_key=Secret(self._text("S3_SECRET_ACCESS_KEY")),
        )

    def _twilio(self) -> TwilioSettings:
        return TwilioSettings(
            account_sid=self._text("TWILIO_ACCOUNT_SID"),
            auth_token=self._secret("TWILIO_AUTH_TOKEN", shortest=16),
            sender=self._text("TWILIO_SENDER"),
            base_url=self._url("TWILIO_BASE_URL", "https://api.twilio.com"),
            second_auth_token=(
                self._secret("TWILIO_AUTH_TOKEN_2", shortest=16)
                if "TWILIO_AUTH_TOKEN_2" in self._values
                else None
            ),
        )

    def _http_gateway(self) -> HttpGatewaySettings:
        return HttpGatewaySettings(self._existing("SMS_GATEWAY_FILE"), self._secrets_named(GATEWAY_PREFIX))

    def _webhooks(self) -> WebhookSettings:
        return WebhookSettings(self._existing("WEBHOOKS_FILE"), self._secrets_named(WEBHOOK_PREFIX))

    def _existing(self, name: str) -> Path:
        named = self._text(name)
        if named and not Path(named).is_file():
            self._problems.append(f"{name} is {named!r}; there is no such file.")
        return Path(named).absolute()

    def _secrets_named(self, beginning: str) -> dict[str, Secret]:
        return {
            name.removeprefix(beginning): Secret(value)
            for name, value in self._values.items()
            if name.startswith(beginning)
        }

    def _mail(self) -> MailSettings | None:
        sender = self._text("MAIL_FROM")
        if sender and not MAIL_SENDER.fullmatch(sender):
            self._problems.append("MAIL_FROM must be an address, or name <address>.")
        try:
            parts = urlsplit(self._values["SMTP_URL"])
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in MAIL_PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            self._problems.append("SMTP_URL must be smtp://user:password@host:port, or smtps://….")
            return None
        return MailSettings(
            host=parts.hostname,
            port=port or MAIL_PORTS[parts.scheme],
            tls=parts.scheme == "smtps",
            sender=sender,
            user=unquote(parts.username or ""),
            password=Secret(unquote(parts.password or "")),
        )

    def _batch(self) -> BatchSettings:
        named = self._text("SMS_FILE_FOLDER")
        if named and not Path(named).is_dir():
            self._problems.append(f"SMS_FILE_FOLDER is {named!r}; there is no such folder.")
        encoding = self._choice("SMS_FILE_ENCODING", get_args(BatchEncoding), "utf-8")
        return BatchSettings(
            folder=Path(named).absolute(),
            encoding=cast(BatchEncoding, encoding),
            lines=self._count("SMS_FILE_LINES", 1_000),
            seconds=self._count("SMS_FILE_SECONDS", 60),
        )

    def _count(self, name: str, default: int) -> int:
        text = self._text(name, str(default))
        if not COUNT.fullmatch(text):
            self._problems.append(f"{name} is {text!r}; it must be a number from 1 to 999999.")
            return default
        return int(text)

    def _keys(self) -> tuple[Secret, ...]:
        given = self._text("ANFANG_KEYS")
        texts = [part.strip() for part in given.split(",") if part.strip()]
        if given and not texts:
            self._problems.append("ANFANG_KEYS holds no key. `flask --app wsgi keys new` prints one.")
        for number, text in enumerate(texts, start=1):
            if not is_key(text):
                self._problems.append(
                    f"ANFANG_KEYS: key {number} is not 32 bytes of URL-safe base64. "
                    "`flask --app wsgi keys new` prints a good one."
                )
        return tuple(Secret(text) for text in texts)
