"""What an intruder would find: no secret where it does not belong, and no right that is not needed."""

from subprocess import CompletedProcess

import pytest

from lab.docker import docker
from tests.harness.running import inspect
from tests.harness.stack import Stack

pytestmark = pytest.mark.swarm

USERS = {"app": "10001", "cron": "10001", "db": "999", "proxy": "10002", "redis": "999", "site": "10002"}
SERVICES = tuple(USERS)
# A tmpfs, a volume, or the kernel.
WRITABLE = (
    *("/tmp", "/data", "/etc/nginx", "/dev", "/run/postgresql", "/var/lib", "/proc", "/sys"),  # noqa: S108
    *("/var/cache/nginx", "/var/spool/nginx"),
)


def test_no_service_is_left_out(stack: Stack) -> None:
    assert stack.services == list(SERVICES)


def test_no_secret_in_what_the_swarm_tells(stack: Stack) -> None:
    services = [f"{stack.name}_{service}" for service in SERVICES]
    told = {
        "services": docker("service", "inspect", *services).stdout,
        "containers": docker("container", "inspect", *stack.all_containers()).stdout,
        "images": docker("image", "inspect", stack.app_image, stack.proxy_image).stdout,
        "history": docker("history", "--no-trunc", stack.app_image).stdout,
        "logs": "".join(stack.log(service) for service in SERVICES),
        "configs": "".join(docker("config", "inspect", name).stdout for name in stack.configs()),
    }
    for place, text in told.items():
        assert text, place
        for name, value in stack.secrets.items():
            assert value not in text, f"{name} in {place}"


@pytest.mark.parametrize("service", SERVICES)
def test_no_secret_in_an_environment_or_command_line(stack: Stack, service: str) -> None:
    """Of every process of the container, as the kernel tells it to this machine's root."""
    told = "".join(
        path.read_bytes().decode(errors="replace")
        for process in stack.processes(service)
        for path in (process / "environ", process / "cmdline")
    )
    assert told
    for name, value in stack.secrets.items():
        assert value not in told, name


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_has_a_capability_or_is_root(stack: Stack, service: str) -> None:
    for process in stack.processes(service):
        status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
        assert status["Uid"].split() == [USERS[service]] * 4
        assert status["Gid"].split() == [USERS[service]] * 4
        assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}


@pytest.mark.parametrize("service", SERVICES)
def test_the_root_file_system_is_read_only(stack: Stack, service: str) -> None:
    for process in stack.processes(service):
        mounts = [line.split() for line in (process / "mounts").read_text().splitlines()]
        writable = [
            where for _, where, kind, options, *_ in mounts if "rw" in options.split(",") and kind != "cgroup"
        ]
        assert [where for where in writable if not where.startswith(WRITABLE)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_is_limited_and_rotates_its_logs(stack: Stack, service: str) -> None:
    (described,) = inspect("container", stack.container(service))
    host = described["HostConfig"]

    assert host["Memory"] > 0
    assert host["NanoCpus"] > 0
    assert 0 < host["PidsLimit"] <= 256
    assert host["LogConfig"]["Type"] == "local"
    assert set(host["LogConfig"]["Config"]) == {"max-file", "max-size"}
    assert described["Config"]["Healthcheck"]["Test"]


def test_only_the_proxy_publishes_ports(stack: Stack) -> None:
    published = {
        service: sorted(
            binding["HostPort"]
            for described in inspect("container", *stack.containers(service))
            for bindings in described["NetworkSettings"]["Ports"].values()
            for binding in bindings or []
            if ":" not in binding["HostIp"]
        )
        for service in SERVICES
    }
    ports = sorted(map(str, (stack.http_port, stack.https_port)))
    assert published == {"app": [], "cron": [], "db": [], "proxy": ports, "redis": [], "site": []}


def test_the_proxy_is_connected_with_the_app_and_nothing_behind_it(stack: Stack) -> None:
    """Asks the kernel and the swarm's DNS for the way, so that no packet goes a wrong one."""
    direct = {
        service: [stack.is_neighbour("proxy", address) for address in stack.addresses(service)]
        for service in ("app", "db", "redis")
    }
    # The app has an address on each of its two networks.
    assert sorted(direct["app"]) == [False, True]
    assert direct["db"] == [False]
    assert direct["redis"] == [False]
    assert stack.resolves("proxy", "app")
    assert not stack.resolves("proxy", "db")
    assert not stack.resolves("proxy", "redis")


def test_the_database_has_no_way_out(stack: Stack) -> None:
    """`internal` networks have no gateway, so there is no default route."""
    (process, *_) = stack.processes("db")
    routes = [line.split() for line in (process / "net" / "route").read_text().splitlines()[1:]]

    assert routes
    assert "00000000" not in [destination for _, destination, *_ in routes]


def test_the_database_refuses_its_superuser_over_the_network(stack: Stack) -> None:
    """Whoever knows the app's password must not become more than the app."""
    attempt = (
        "import os, psycopg2; uri = open('/run/secrets/database_uri').read().strip();"
        "psycopg2.connect(uri.replace('//exampleapp:', '//' + os.environ['ROLE'] + ':'), connect_timeout=5)"
    )
    outcomes = {
        role: docker(
            "exec", f"--env=ROLE={role}", stack.container("app"), "python", "-c", attempt, check=False
        )
        for role in ("exampleapp", "postgres")
    }
    assert outcomes["exampleapp"].returncode == 0, outcomes["exampleapp"].stderr
    assert "password authentication failed" in outcomes["postgres"].stderr
    assert stack.sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'exampleapp'") == "f"


def test_the_cache_wants_a_password(stack: Stack) -> None:
    redis = stack.container("redis")

    assert "NOAUTH" in docker("exec", redis, "redis-cli", "get", "key").stdout
    health = ("redis-cli", "--user", "health", "--pass", "health", "--no-auth-warning")
    assert docker("exec", redis, *health, "ping").stdout == "PONG\n"
    assert "NOPERM" in docker("exec", redis, *health, "get", "key").stdout


@pytest.mark.parametrize(
    "command",
    ["CONFIG GET *", "FLUSHALL", "KEYS *", "CLIENT LIST", "ACL LIST", "INFO", "SHUTDOWN", "REPLICAOF NO ONE"],
)
def test_the_app_may_not_steer_the_cache(stack: Stack, command: str) -> None:
    ask = f"cache._cache.get_client().execute_command({command!r})"

    assert "no permissions to run" in inside(stack, ask, check=False).stderr


def test_the_app_may_do_what_a_cache_is_for(stack: Stack) -> None:
    """Every method that Django's cache has."""
    done = inside(
        stack,
        "cache.set('a', 1); cache.add('b', 2); cache.incr('a'); cache.decr('a'); cache.touch('a', 60)",
        "cache.touch('a', None); cache.set_many({'c': {'d': 1}, 'e': 'f'}, 60); cache.incr_version('b')",
        "print(cache.get_many(['a', 'c', 'e']), cache.has_key('b'), cache.get_or_set('g', 'h'))",
        "cache.delete_many(['a', 'c']); cache.delete('e'); cache.clear(); print(cache.get('g'))",
    )

    assert done.stdout == "{'a': 1, 'c': {'d': 1}, 'e': 'f'} False h\nNone\n"


def inside(stack: Stack, *statements: str, check: bool = True) -> CompletedProcess[str]:
    """Run Python in a replica of the app, where `cache` is Django's."""
    begin = "import django; django.setup(); from django.core.cache import cache"
    return docker(
        "exec", stack.container("app"), "python", "-c", "\n".join((begin, *statements)), check=check
    )


def test_every_service_gets_its_own_secrets_only(stack: Stack) -> None:
    listed = ("sh", "-c", "ls /run/secrets; cd /etc/nginx && ls tls_*")
    given = {
        service: sorted(docker("exec", stack.container(service), *listed, check=False).stdout.split())
        for service in SERVICES
    }
    of_the_app = [
        "cron_api_key",
        "cron_api_key_previous",
        "database_uri",
        "email_uri",
        "redis_uri",
        "secret_key",
        "secret_key_previous",
    ]
    assert given == {
        "app": of_the_app,
        "cron": ["cron_api_key", "cron_api_key_previous", "database_uri"],
        "db": ["database_password"],
        "proxy": ["tls_certificate", "tls_key"],
        "redis": ["redis_password"],
        "site": ["tls_certificate", "tls_key"],
    }


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_but_its_user_reads_a_secret(stack: Stack, service: str) -> None:
    files = "/run/secrets/*" + (" /etc/redis.conf" if service == "redis" else "")
    if service in ("proxy", "site"):
        files = "/etc/nginx/tls_*"
    stat = f"stat --dereference --format='%u %g %a' {files}"
    told = docker("exec", stack.container(service), "sh", "-c", stat).stdout.splitlines()

    assert set(told) == {f"{USERS[service]} {USERS[service]} 400"}


@pytest.mark.parametrize("version", ["NULL", "-7", "0", "1"])
def test_the_app_can_make_no_login_that_would_never_be_removed(stack: Stack, version: str) -> None:
    """Whoever got in as the app must not leave a way back in."""
    before = stack.sql("SELECT rolname FROM pg_roles ORDER BY 1")
    attempt = f"SET ROLE exampleapp; SELECT make_login({version}, 'password')"
    psql = ("psql", "--username=postgres", "--dbname=exampleapp", f"--command={attempt}")
    refused = docker("exec", stack.container("db"), *psql, check=False)

    assert "has no login of its own" in refused.stderr
    assert stack.sql("SELECT rolname FROM pg_roles ORDER BY 1") == before


def test_the_key_of_the_certificate_is_on_no_disk(stack: Stack) -> None:
    """From the service to the proxy it goes through memory."""
    for service, folders in {
        "site": ["/var/lib/site"],
        "proxy": ["/var/lib/site", "/etc/nginx"],
    }.items():
        found = docker("exec", stack.container(service), "stat", "--file-system", "--format=%T", *folders)
        assert set(found.stdout.split()) == {"tmpfs"}
    # Nobody but nginx's user may look into the volume.
    shown = docker("exec", stack.container("proxy"), "stat", "--format=%a %u", "/var/lib/site")
    assert shown.stdout == "700 10002\n"
