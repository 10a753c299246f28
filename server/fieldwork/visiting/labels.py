"""What a browser says of itself, short enough for people to tell their phones apart."""

import re
from collections.abc import Sequence
from typing import Final

# Browsers built on another name it, too: the first that fits counts.
BROWSERS: Final = (
    ("WeChat", r"MicroMessenger/(\d+)"),
    ("Edge", r"Edg(?:A|iOS)?/(\d+)"),
    ("Huawei Browser", r"HuaweiBrowser/(\d+)"),
    ("Mi Browser", r"MiuiBrowser/(\d+)"),
    ("Vivo Browser", r"VivoBrowser/(\d+)"),
    ("HeyTap Browser", r"HeyTapBrowser/(\d+)"),
    ("QQ Browser", r"M?QQBrowser/(\d+)"),
    ("UC Browser", r"U(?:C|c)Browser/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Chrome|CriOS)/(\d+)"),
    ("Safari", r"Version/(\d+)\S* (?:Mobile/\S+ )?Safari/"),
)
SYSTEMS: Final = (
    ("HarmonyOS", r"HarmonyOS|OpenHarmony"),
    ("Android", r"Android"),
    ("iPadOS", r"iPad"),
    ("iOS", r"iPhone|iPod"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("Linux", r"Linux"),
)


def short_label(agent: str) -> str:
    """Browser and system of a `User-Agent`, such as "Chrome 131 · Android"; "" when neither is known."""
    return " · ".join(each for each in (_first(BROWSERS, agent), _first(SYSTEMS, agent)) if each)


def _first(known: Sequence[tuple[str, str]], agent: str) -> str:
    for name, pattern in known:
        if found := re.search(pattern, agent):
            return f"{name} {found[1]}" if found.groups() else name
    return ""
