"""Healthy once the database was reached, like the app; after that any answer will do."""

import sys
import urllib.error
import urllib.request
from pathlib import Path

seen = Path("/tmp/healthy")
try:
    urllib.request.urlopen("http://127.0.0.1:8000/api/alive", timeout=4).close()
    seen.touch()
except urllib.error.HTTPError as answer:
    if not seen.exists():
        sys.exit(f"status {answer.code}, and never healthy so far")
except OSError as error:
    sys.exit(f"no answer: {error}")
