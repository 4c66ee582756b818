"""What an app for one-time codes on a telephone shows."""

import base64
import hmac
import time


def totp(key: str, steps: int = 0) -> str:
    """Return the six digits for a key in base32, now or so many half minutes later (RFC 6238)."""
    counter = int(time.time()) // 30 + steps
    digest = hmac.digest(base64.b32decode(key.replace(" ", "")), counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
