"""Each rule is broken on purpose in a copy of the project's stack files.

The docker client renders them; no engine is needed.
"""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from swarm_tool.lint import findings

from lab.command import run
from tests.harness.need import skip_or_fail


class Breach(NamedTuple):
    """A change within one service, and the finding that it must lead to.

    `at` is the line that the finding must name, in `found_in`; `file` is where the change is made.
    """

    service: str
    old: str
    new: str
    finding: str
    at: str
    file: str = "stack.yml"
    found_in: str = ""


def ignored(line: str) -> Breach:
    """Add a line that the swarm ignores to the app."""
    key = line.partition(":")[0]
    return Breach("app", "init: true", line, f"{key}: the swarm", line)


BREACHES = {
    "build": ignored("build: ."),
    "cgroup_parent": ignored("cgroup_parent: x"),
    "container_name": ignored("container_name: app"),
    "depends_on": ignored("depends_on: [db]"),
    "devices": ignored("devices: [/dev/fuse]"),
    "domainname": ignored("domainname: example.com"),
    "expose": ignored('expose: ["8000"]'),
    "external_links": ignored("external_links: [other]"),
    "ipc": ignored("ipc: host"),
    "links": ignored("links: [db]"),
    "mac_address": ignored("mac_address: 02:42:ac:11:00:02"),
    "network_mode": ignored("network_mode: host"),
    "pid": ignored("pid: host"),
    "privileged": ignored("privileged: true"),
    "restart": ignored("restart: always"),
    "security_opt": ignored("security_opt: [no-new-privileges]"),
    "shm_size": ignored("shm_size: 64m"),
    "tmpfs": ignored("tmpfs: [/tmp]"),
    "userns_mode": ignored("userns_mode: host"),
    "latest": Breach("db", ":17-trixie", ":latest", "image: without a tag", "image: postgres:latest"),
    "no tag": Breach(
        "db",
        "postgres:17-trixie",
        "localhost:5000/postgres",
        "image: without a tag",
        "image: localhost:5000/postgres",
    ),
    "no health check": Breach(
        "proxy", "test: [CMD, site, healthy]", "disable: true", "healthcheck: without one", "healthcheck:"
    ),
    "two health checks": Breach(
        "db",
        "    deploy:",
        "    healthcheck:\n      test: [CMD, pg_isready]\n    deploy:",
        "healthcheck.test: two files set it",
        "test: [CMD, pg_isready]",
        "stack.production.yml",
    ),
    "no log rotation": Breach(
        "redis", "logging: *logging", "logging:\n      driver: json-file", "logging: the disk", "logging:"
    ),
    "no logging": Breach("redis", "    logging: *logging\n", "", "logging: the disk", "redis:"),
    "virtual address": Breach(
        "redis",
        "endpoint_mode: dnsrr",
        "endpoint_mode: vip",
        "deploy.endpoint_mode: a virtual",
        "endpoint_mode: vip",
    ),
    "no endpoint mode": Breach(
        "db", "      endpoint_mode: dnsrr\n", "", "deploy.endpoint_mode: a virtual", "deploy:"
    ),
    "routing mesh": Breach("proxy", "        mode: host\n", "", "ports: the routing mesh", "ports:"),
    "start-first with a host port": Breach(
        "proxy",
        "update_config: *stop-first",
        "update_config: *start-first",
        "update_config.order: the new task waits",
        "update_config: *start-first",
    ),
    "start-first with a volume": Breach(
        "db",
        "update_config: *stop-first",
        "update_config: *start-first",
        "update_config.order: two tasks at once",
        "update_config: *start-first",
    ),
    "no order of a rollback": Breach(
        "app",
        "rollback_config: *start-first-back",
        "rollback_config: {parallelism: 1}",
        "rollback_config.order: not set",
        "rollback_config:",
    ),
    "no order of an update": Breach(
        "app",
        "update_config: *start-first",
        "update_config: {failure_action: rollback}",
        "update_config.order: not set",
        "update_config:",
    ),
    "all at once": Breach(
        "app",
        "update_config: *start-first",
        "update_config: {order: start-first, parallelism: 0, failure_action: rollback}",
        "update_config.parallelism: 0",
        "update_config:",
    ),
    "no rollback": Breach(
        "app",
        "update_config: *start-first",
        "update_config: *start-first-back",
        "failure_action: a failed",
        "update_config:",
    ),
    "unbound volume": Breach(
        "db",
        "        constraints:\n"
        "          - node.labels.${STACK:?set STACK, the name of the stack}.database == true\n",
        "        max_replicas_per_node: 1\n",
        "volumes: on another node",
        "volumes:",
    ),
    "no restart policy": Breach(
        "app", "      restart_policy: *restart\n", "", "restart_policy: not set", "deploy:"
    ),
    "restarts that end": Breach(
        "app",
        "restart_policy: *restart",
        "restart_policy:\n        max_attempts: 3",
        "restart_policy.max_attempts: after so many",
        "max_attempts: 3",
    ),
    "no time to stop": Breach(
        "app", "    stop_grace_period: 40s\n", "", "stop_grace_period: not set", "app:"
    ),
    "no limit": Breach(
        "app",
        "          memory: ${APP_MEMORY:-512M}\n",
        "",
        "resources.limits.memory: not set",
        "limits:",
        "stack.production.yml",
        # Where limits are said first.
        found_in="stack.yml",
    ),
    "no limit of processes": Breach(
        "redis", "          pids: 64\n", "          cpus: '1'\n", "resources.limits.pids: not set", "limits:"
    ),
    "no reservation": Breach(
        "app",
        "          memory: 160M\n",
        "",
        "reservations.memory: not set",
        "reservations:",
        "stack.production.yml",
    ),
    "a reservation that never fits": Breach(
        "app",
        "memory: 160M",
        "memory: 1600M",
        "reservations.memory: more than",
        "memory: 1600M",
        "stack.production.yml",
    ),
    "a secret in the environment": Breach(
        "app",
        "CRON_API_KEY_FILE: /run/secrets/cron_api_key",
        "CRON_API_KEY: s3cr3t",
        "environment.CRON_API_KEY: everybody",
        "CRON_API_KEY: s3cr3t",
    ),
    "a password in an address": Breach(
        "app",
        "REDIS_URI_FILE: /run/secrets/redis_uri",
        "REDIS_URI: redis://:s3cr3t@redis:6379/0",
        "environment.REDIS_URI: everybody",
        "REDIS_URI: redis://",
    ),
    "a port twice": Breach(
        "redis",
        "    deploy:",
        "    ports:\n      - {target: 6379, published: 443, mode: host}\n    deploy:",
        "port 443 is published by",
        "ports:",
        "stack.production.yml",
    ),
}


@pytest.fixture
def no_engine() -> None:
    """Here the real client renders the stack files; it needs no engine for that."""


@pytest.fixture
def deploy(example: Path, tmp_path: Path) -> Path:
    """A copy of the project's folder with the stack files."""
    if not shutil.which("docker"):
        skip_or_fail("there is no docker client, which renders the stack files")
    return shutil.copytree(example / "deploy", tmp_path / "deploy")


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_the_projects_own_stacks_pass(deploy: Path, environment: str) -> None:
    assert lint(deploy, environment) == []


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_found_with_service_and_line(deploy: Path, name: str) -> None:
    breach = BREACHES[name]
    file = deploy / breach.file
    file.write_text(change(file.read_text(), breach))

    found_in = breach.found_in or breach.file
    place = f"{found_in}:{line_of((deploy / found_in).read_text(), breach)}: {breach.service}: "
    assert [found for found in lint(deploy) if found.startswith(place) and breach.finding in found]


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("${DOMAIN}", "${NO_SUCH_NAME}", "${NO_SUCH_NAME} becomes empty"),
        ("${DOMAIN}", "$NO_SUCH_NAME", "${NO_SUCH_NAME} becomes empty"),
        (
            "    external: true\n    name: ${STACK}_tls_key",
            "    name: ${STACK}_tls_key",
            "tls_key: no such file",
        ),
        ("    name: ${STACK}_redis_conf_1\n", "", "redis_conf: it cannot be changed"),
        ("_cron_api_key_0", "_cron_api_key_1", "cron_api_key_previous is the same as cron_api_key"),
    ],
)
def test_a_breach_outside_of_services_is_found(deploy: Path, old: str, new: str, finding: str) -> None:
    file = deploy / "stack.yml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))

    assert [found for found in lint(deploy) if found.startswith("stack.yml:") and finding in found]


def test_a_guarded_variable_is_guarded_everywhere(deploy: Path) -> None:
    """`${STACK}` stands in many places, and in one of them as `${STACK:?...}`."""
    file = deploy / "stack.yml"
    file.write_text(file.read_text().replace("${STACK:?set STACK, the name of the stack}", "${STACK}"))

    assert [found for found in lint(deploy) if "${STACK} becomes empty" in found]


def lint(deploy: Path, environment: str = "production") -> list[str]:
    """Render the stack of an environment and return what the lint says of it."""
    lines = (deploy / "configs" / environment / "deploy.env").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    files = ["stack.yml", f"stack.{settings['OVERLAY']}.yml"]
    variables = {**os.environ, **settings, "APP_IMAGE": "app:1", "RELEASE": "1"}
    command = ["docker", "stack", "config", *(f"--compose-file={file}" for file in files)]
    text = run(command, deploy, variables).stdout
    found = findings(yaml.safe_load(text), [deploy / file for file in files])
    return [str(finding).removeprefix(f"{deploy}/") for finding in found]


def change(text: str, breach: Breach) -> str:
    """Make the breach within its service."""
    begin, end = block(text, breach.service)
    assert breach.old in text[begin:end], f"{breach.service} has no {breach.old}"
    return text[:begin] + text[begin:end].replace(breach.old, breach.new, 1) + text[end:]


def line_of(text: str, breach: Breach) -> int:
    """Return the number of the first line of a service that begins with what is found there."""
    begin, end = block(text, breach.service)
    lines = text[begin:end].splitlines()
    return text[:begin].count("\n") + 1 + [line.strip().startswith(breach.at) for line in lines].index(True)


def block(text: str, service: str) -> tuple[int, int]:
    """Return where the lines of a service begin and end."""
    begin = text.index(f"\n  {service}:\n") + 1
    end = text.find("\n\n", begin)
    return begin, end + 1 if end > 0 else len(text)
