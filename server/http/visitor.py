"""From which address a request came, where reverse proxies stand before us and where none does."""

from flask import request

from server.services import services


def visitor_address() -> str:
    """The address that the outermost of our own proxies saw.

    What stands further left in `X-Forwarded-For` was written by whoever asked, and is not believed.
    """
    proxies = services().settings.proxies
    if proxies:
        passed = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(passed) >= proxies and passed[-proxies]:
            return passed[-proxies]
    return request.remote_addr or ""
