"""One project's commits on their way to the swarm, in the order in which they happen."""

import os
import re
import time
from collections.abc import Callable, Iterator

import pytest

from lab.command import run
from tests.harness.clone import git

from .empty_engine import empty_engine
from .gitlab import Run
from .world import World

pytestmark = pytest.mark.swarm

# What a step of a build prints that installs packages, by the stage that it belongs to.
INSTALLS = {"compile-image": "pip --python /venv/bin/python install", "static-image": "npm ci"}


@pytest.fixture(autouse=True)
def good_dev(the_world: World, first: Run) -> Iterator[None]:
    """Before each test dev is checked out, at the commit that runs on staging; a test may break it."""
    del first
    yield
    git(the_world.repository, "reset", "--quiet", "--hard")
    git(the_world.repository, "checkout", "--quiet", "-B", "dev", "main")


def test_commit_on_dev_ends_on_the_staging_stack(
    the_world: World, first: Run, figure: Callable[[str], None]
) -> None:
    passed = dict.fromkeys(["lint", "test", "frontend", "files", "build", "staging"], "PASS")

    assert first.jobs == {**passed, "audit": "WARN"}, first.output
    assert first.exit_code == 0
    assert the_world.answers("staging") == the_world.head
    assert the_world.tags() == {the_world.head, "compile-image", "static-image", "latest"}
    figure(f"from a commit to the staging stack, with an empty registry: {first.seconds:.0f} s")


def test_logs_show_no_secret(the_world: World, first: Run) -> None:
    assert "Login Succeeded" in first.output
    assert [secret for secret in the_world.secrets() if secret in first.output] == []


def test_commit_is_built_once(the_world: World, first: Run) -> None:
    again = the_world.gitlab.run("build")

    assert again.jobs == {"build": "PASS"}, again.output
    assert f"app:{the_world.head} is there already" in again.log("build")
    assert "==> Building" not in again.log("build")
    (line,) = set(re.findall("^APP_IMAGE=.*$", again.log("build"), re.MULTILINE))
    assert line in first.log("build")
    assert line.endswith(the_world.image("staging"))


def test_merge_request_is_built_and_thrown_away(the_world: World) -> None:
    source = {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "orchard"}
    before = the_world.tags()

    done = the_world.gitlab.run("build-check", source="merge_request_event", of=source)

    assert done.jobs == {"build-check": "PASS"}, done.output
    assert "APP_IMAGE=" not in done.output
    assert the_world.tags() == before


def test_production_gets_the_image_that_staging_had(the_world: World) -> None:
    git(the_world.repository, "checkout", "--quiet", "main")
    git(the_world.repository, "merge", "--quiet", "--ff-only", "dev")

    done = the_world.gitlab.run("build", "production")

    assert done.jobs == {"build": "PASS", "production": "PASS"}, done.output
    assert the_world.answers("production") == the_world.head
    assert the_world.image("production") == the_world.image("staging")


def test_failing_test_builds_nothing(the_world: World) -> None:
    git(the_world.repository, "rm", "--quiet", "-r", "tests")
    (the_world.repository / "tests").mkdir()
    (the_world.repository / "tests/test_sums.py").write_text(
        "def test_sum() -> None:\n    assert 1 + 1 == 3\n"
    )
    broken = the_world.commit("Count anew")

    done = the_world.gitlab.run("test", "build", "staging")

    assert done.jobs == {"test": "FAIL"}, done.output
    assert "assert (1 + 1) == 3" in done.output
    assert broken not in the_world.tags()
    assert done.exit_code != 0


def test_unhealthy_image_is_red_and_the_old_version_answers(the_world: World) -> None:
    good = the_world.head
    module = the_world.repository / "exampleapp/alive.py"
    text = module.read_text()
    module.write_text(text.replace("HTTPStatus.OK if", "HTTPStatus.SERVICE_UNAVAILABLE if"))
    assert module.read_text() != text
    broken = the_world.commit("Be unwell")

    done = the_world.gitlab.run("build", "staging")

    assert done.jobs == {"build": "PASS", "staging": "FAIL"}, done.output
    assert done.exit_code != 0
    assert f"({good}) runs again" in done.log("staging")
    assert "error:" in done.log("staging")
    assert broken in the_world.tags()
    assert the_world.answers("staging") == good


def test_second_build_installs_nothing_and_can_be_rolled_back(
    the_world: World, figure: Callable[[str], None]
) -> None:
    good = the_world.answers("staging")
    template = the_world.repository / "exampleapp/templates/error.html"
    template.write_text(template.read_text() + "{# Another one. #}\n")
    second = the_world.commit("Comment on errors")

    done = the_world.gitlab.run("build", "staging")

    assert done.jobs == {"build": "PASS", "staging": "PASS"}, done.output
    for step in INSTALLS.values():
        assert all(from_cache(done.log("build"), step)), done.log("build")
    assert the_world.answers("staging") == second
    figure(f"build with nothing new to install: {seconds(done, 'build')}")

    back = the_world.gitlab.run("rollback-staging")

    assert back.jobs == {"rollback-staging": "PASS"}, back.output
    assert the_world.answers("staging") == good


def test_registry_alone_is_cache_enough(the_world: World, figure: Callable[[str], None]) -> None:
    builder = the_world.registry.builder
    git(the_world.repository, "checkout", "--quiet", "main")
    with empty_engine(the_world.registry.container) as host:
        env = {
            **os.environ,
            **the_world.gitlab.variables,
            "DOCKER_HOST": host,
            "REGISTRY_USER": builder.name,
            "REGISTRY_PASSWORD": builder.password,
        }
        begin = time.monotonic()
        # In the order in which it was printed.
        done = run(["sh", "-c", f"exec {the_world.repository / 'docker/build'} 2>&1"], env=env)

    printed = done.stdout
    for step in [*INSTALLS.values(), "apt-get"]:
        assert all(from_cache(printed, step)), printed
    figure(f"build on an engine that has built nothing before: {time.monotonic() - begin:.0f} s")


def test_nightly_builds_anew(the_world: World, figure: Callable[[str], None]) -> None:
    git(the_world.repository, "checkout", "--quiet", "main")

    done = the_world.gitlab.run("nightly", source="schedule")

    assert done.jobs == {"nightly": "PASS"}, done.output
    for step in [*INSTALLS.values(), "apt-get"]:
        assert not from_cache(done.log("nightly"), step)[0]
    (tag,) = {tag for tag in the_world.tags() if tag.startswith(f"{the_world.head}-")}
    assert f"APP_IMAGE={the_world.registry.address}/exampleapp/app:{tag}@sha256:" in done.log("nightly")
    figure(f"build without any cache: {seconds(done, 'nightly')}")


def from_cache(log: str, step: str) -> list[bool]:
    """Tell for each build in a log that has a step whether it took it from a cache."""
    found = [
        f"\n{number} CACHED" in build
        for build in log.split("==> Building ")[1:]
        for number in re.findall(rf"^(#\d+) \[.*{re.escape(step)}", build, re.MULTILINE)
    ]
    assert found, f"no build has a step {step}"
    return found


def seconds(done: Run, job: str) -> str:
    """Return how long a job took."""
    (found,) = re.findall(rf"^{job} +finished in (.*?) *$", done.output, re.MULTILINE)
    return str(found)
