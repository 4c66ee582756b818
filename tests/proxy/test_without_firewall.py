"""Who needs no firewall takes it out as the head of nginx.conf says."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.harness.certificate import Certificate
from tests.harness.proxied import proxied, site_folder

pytestmark = pytest.mark.engine

NAMED = ("deploy/proxy/nginx.conf", "deploy/proxy/site.conf", "deploy/proxy/Dockerfile", "deploy/stack.yml")


@pytest.fixture
def project(example: Path, tmp_path: Path) -> Path:
    """A copy of the example without the firewall."""
    copy = Path(shutil.copytree(example, tmp_path / "project"))
    (copy / "deploy/proxy/modsecurity.conf").unlink()
    for name in NAMED:
        lines = (copy / name).read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if "modsecurity" not in line]
        assert kept != lines, name
        (copy / name).write_text("".join(kept), encoding="utf-8")
    return copy


def test_the_site_works_without_the_firewall(
    project: Path, proxy_image: str, certificate: Certificate, tmp_path: Path
) -> None:
    folder = site_folder(project, tmp_path / "site")
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app()
        assert running.site.get("/search?q=<script>").status == 200
        assert running.site.request("POST", "/form", body="x=1").status == 200
        assert "ModSecurity" not in running.log()


def test_nothing_of_it_is_left(project: Path) -> None:
    stack = yaml.safe_load((project / "deploy/stack.yml").read_text(encoding="utf-8"))

    assert "modsecurity" not in json.dumps(stack)
    dockerfile = (project / "deploy/proxy/Dockerfile").read_text(encoding="utf-8")
    assert "install -y --no-install-recommends nginx \\\n    && rm" in dockerfile
