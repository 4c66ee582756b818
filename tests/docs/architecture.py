"""Draw docs/pictures/architecture.svg: a part of what `make pictures` runs."""

from dataclasses import dataclass
from html import escape
from typing import Protocol

from tests.docs.page import DOCS

PICTURE = DOCS / "pictures" / "architecture.svg"
WIDTH, HEIGHT = 860, 400


class Part(Protocol):
    """Something that can be drawn."""

    def svg(self) -> str: ...


def rectangle(style: str, x: int, y: int, width: int, height: int) -> str:
    return f'<rect class="{style}" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'


@dataclass(frozen=True)
class Box:
    """A rectangle with a name and a line below it; measures in pixels."""

    name: str
    text: str
    x: int
    y: int
    width: int = 130
    height: int = 64
    style: str = "service"

    def svg(self) -> str:
        middle = self.x + self.width // 2
        return (
            rectangle(self.style, self.x, self.y, self.width, self.height)
            + f'\n<text class="name" x="{middle}" y="{self.y + 28}">{escape(self.name)}</text>'
            + f'\n<text x="{middle}" y="{self.y + 48}">{escape(self.text)}</text>'
        )


@dataclass(frozen=True)
class Frame:
    """A network around the services that are in it."""

    text: str
    x: int
    y: int
    width: int
    height: int

    def svg(self) -> str:
        outline = rectangle("network", self.x, self.y, self.width, self.height)
        return (
            f'{outline}\n<text class="label" x="{self.x + 14}" y="{self.y + 22}">{escape(self.text)}</text>'
        )


@dataclass(frozen=True)
class Arrow:
    """A line with a head, and what goes along it."""

    points: str
    text: str = ""
    x: int = 0
    y: int = 0

    def svg(self) -> str:
        line = f'<polyline class="arrow" points="{self.points}" marker-end="url(#head)"/>'
        return f'{line}\n<text x="{self.x}" y="{self.y}">{escape(self.text)}</text>' if self.text else line


SERVICES = [
    Box("proxy", "nginx, one a node", 190, 150),
    Box("app", "Django, replicas", 420, 150),
    Box("site", "settings, certificate", 180, 290, 150),
    Box("cron", "scheduler", 600, 300),
    Box("db", "PostgreSQL", 690, 130),
    Box("redis", "Redis", 690, 230),
]
PARTS: list[Part] = [
    Frame("network frontend", 170, 104, 410, 262),
    Frame("network backend, closed to the outside", 400, 66, 440, 310),
    # Two replicas, one behind the other.
    Box("", "", 428, 142),
    *SERVICES,
    Box("visitors", "https", 20, 150, 90, style="outside"),
    Box("deploy/swarm", "laptop or pipeline", 20, 20, 150, style="outside"),
    Box("registry", "images by digest", 220, 20, style="outside"),
    Arrow("110,182 186,182"),
    Arrow("320,182 416,182", "retries", 366, 174),
    Arrow("550,168 686,160"),
    Arrow("550,196 686,256"),
    Arrow("255,290 255,218", "in memory", 296, 258),
    Arrow("600,332 485,332 485,218", "/api/cron/…", 530, 324),
    Arrow("170,52 216,52"),
    Arrow("350,52 376,52 376,104", "stack, secrets, configs", 450, 46),
]
STYLE = """
text { font: 13px system-ui, sans-serif; text-anchor: middle; fill: #1d2b3a }
.name { font-weight: 600; font-size: 15px }
.label { text-anchor: start; fill: #51657a }
.service { fill: #e3f0ff; stroke: #2367b0 }
.outside { fill: #f4f4f4; stroke: #8a8a8a }
.network { fill: none; stroke: #7f93a8; stroke-dasharray: 5 4 }
.arrow { fill: none; stroke: #1d2b3a; stroke-width: 1.5 }
"""


def drawing() -> str:
    """Return the picture as SVG."""
    parts = "\n".join(part.svg() for part in PARTS)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Architecture">
<style>{STYLE}</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
<path d="M0 0 8 4 0 8z" fill="#1d2b3a"/></marker></defs>
<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="#fff"/>
{parts}
</svg>
"""
