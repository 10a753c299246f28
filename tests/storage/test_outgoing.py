import pytest

from server.outgoing import Outgoing, from_environment


def test_an_empty_environment_means_no_proxy_and_short_timeouts() -> None:
    outgoing = from_environment({})
    assert outgoing == Outgoing()
    assert (outgoing.connect_seconds, outgoing.read_seconds) == (2.0, 5.0)
    assert outgoing.proxy_for("https://example.org") is None


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://example.org/a", "http://proxy:3128"),
        ("http://example.org/a", None),
        ("https://bank.example", None),
        ("https://sms.bank.example:8443", None),
        ("https://notbank.example", "http://proxy:3128"),
        ("https://127.0.0.1:8333", None),
        ("https://[::1]:8333", None),
        ("https://localhost", None),
    ],
)
def test_the_proxy_serves_what_is_not_named_as_direct(url: str, proxy: str | None) -> None:
    outgoing = from_environment({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": ".bank.example, other"})
    assert outgoing.proxy_for(url) == proxy


def test_a_star_switches_the_proxy_off() -> None:
    outgoing = from_environment({"https_proxy": "http://proxy:3128", "NO_PROXY": "*"})
    assert outgoing.proxy_for("https://example.org") is None


def test_our_own_name_for_the_ca_bundle_wins() -> None:
    given = {"SSL_CERT_FILE": "/etc/a.pem", "ANFANG_CA_BUNDLE": "/etc/b.pem"}
    assert from_environment(given).ca_bundle == "/etc/b.pem"
    assert from_environment({"SSL_CERT_FILE": "/etc/a.pem"}).ca_bundle == "/etc/a.pem"
