"""Phones are told apart by what their browsers say."""

import pytest

from server.fieldwork.visiting.labels import short_label

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"
ANDROID = f"Mozilla/5.0 (Linux; Android 14; 2312DRA50C) {BLINK}"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) {WEBKIT}"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (f"{ANDROID} Chrome/131.0.0.0 Mobile Safari/537.36", "Chrome 131 · Android"),
        (f"{ANDROID} Version/4.0 Chrome/116.0 Mobile Safari/537.36 XWEB/1160 MicroMessenger/8.0.49",
         "WeChat 8 · Android"),
        (f"{ANDROID} Version/4.0 Chrome/100.0 Mobile Safari/537.36 XiaoMi/MiuiBrowser/18.5",
         "Mi Browser 18 · Android"),
        (f"{ANDROID} Chrome/115.0 Mobile Safari/537.36 MQQBrowser/14.2", "QQ Browser 14 · Android"),
        ("Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00) Chrome/99.0 HuaweiBrowser/14.0 Mobile Safari",
         "Huawei Browser 14 · HarmonyOS"),
        (f"{IPHONE} Version/17.2 Mobile/15E148 Safari/604.1", "Safari 17 · iOS"),
        (f"{IPHONE} CriOS/120.0 Mobile/15E148 Safari/604.1", "Chrome 120 · iOS"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Chrome/131.0 Safari/537.36 Edg/131.0",
         "Edge 131 · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox 133 · Linux"),
        ("curl/8", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_label_names_browser_and_system(agent: str, expected: str) -> None:
    assert short_label(agent) == expected
