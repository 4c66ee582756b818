"""What this checkout started, so that it ends no more than that."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

# In the checkout, not in the system: a run in another clone must not end this one's engine.
FOLDER = Path(__file__).resolve().parents[2] / ".engine"
LOG = FOLDER / "dockerd.log"
FILE = FOLDER / "started.json"


@dataclass
class Started:
    """The process id of the engine and the id of the swarm; None for what was there before."""

    pid: int | None = None
    swarm: str | None = None


def load() -> Started:
    """Return what was started and not yet ended."""
    return Started(**json.loads(FILE.read_text())) if FILE.exists() else Started()


def save(started: Started) -> None:
    """Keep what was started."""
    FOLDER.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(asdict(started)))


def forget() -> None:
    """Drop the record: nothing of ours runs any more."""
    FILE.unlink(missing_ok=True)
