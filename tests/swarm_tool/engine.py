"""An engine that stands in for a swarm manager: it remembers, in a file, what the docker client told it.

Commands run in processes of their own, so that they can be killed for good, at each call of the client:

    engine = Engine(tmp_path)
    engine.run("deploy", "--image=app:1", fault=Fault("kill", 7))
    assert engine.run("deploy", "--image=app:1").code == 0

A task becomes what it should be at once, or fails when its image is one of `broken` in the state. The site
answers with the release that the service `app` carries. All else tests/deploy asks a real engine.
"""

import base64
import gc
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml
from swarm_tool import command_line, environment, releases, status
from swarm_tool.docker import Docker
from swarm_tool.environment import Environment

STACK = "shop"
RENDERED = Path(__file__).with_name("recorded") / "rendered.yml"
SETTINGS = {"STACK": STACK, "OVERLAY": "production", "DOMAIN": "shop.test", "DEADLINE": "0.1"}
LOST = "error during connect: unexpected EOF"
# Seconds that a command may take here: none waits for anything.
LIMIT = 20.0
# The docker commands that change something.
WRITES = {"create", "deploy", "rm", "update"}
# The calls that a connection is away which comes back.
GAP = 5
Json = dict[str, Any]


class Fault(NamedTuple):
    """What happens at the call of a number, counted from 1, just after the engine has done it.

    `kill` is that signal, `term` another one, again and again; `cut` loses the answer, `gap` that and some
    more, `away` that and all later ones; `refuse` is an engine that does not do it; `unlock` takes the lock.
    """

    kind: str
    call: int


class Done(NamedTuple):
    """How a command ended: its exit code (a signal is negative), what it printed, its calls of the client."""

    code: int
    printed: str
    calls: list[str]


@dataclass
class Engine:
    """The state of the swarm, in `folder`, and the images that are known besides `app:…`."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    # Seconds that a lost connection is waited for before the rollout.
    reconnect: float = 0.02

    @property
    def file(self) -> Path:
        return self.folder / "swarm.json"

    def state(self) -> Json:
        """Return what the swarm has: by kind, then by name."""
        if not self.file.exists():
            kinds = ("config", "network", "secret", "service", "task")
            return {kind: {} for kind in kinds} | {"labels": {}, "made": 0, "broken": [], "moved": {}}
        state: Json = json.loads(self.file.read_text(encoding="utf-8"))
        return state

    def change(self, **changes: Any) -> None:
        """Change the state: `broken` are parts of image names, `moved` digests of tags that were moved."""
        self.file.write_text(json.dumps({**self.state(), **changes}), encoding="utf-8")

    def names(self, kind: str) -> set[str]:
        return set(self.state()[kind])

    def run(self, command: str, *arguments: str, fault: Fault | None = None, stack: str = "") -> Done:
        """Run deploy/swarm with a command; `stack` replaces the rendered stack."""
        output, calls = self.folder / "output", self.folder / "calls"
        for file in (output, calls):
            file.write_text("", encoding="utf-8")
        rendered(stack)
        sys.stdout.flush()
        child = os.fork()
        if not child:
            self._command(command, arguments, fault, stack)
        code = _wait(child)
        return Done(code, output.read_text(encoding="utf-8"), calls.read_text(encoding="utf-8").splitlines())

    def _command(self, command: str, arguments: tuple[str, ...], fault: Fault | None, stack: str) -> NoReturn:
        code = 70
        try:
            # What the tests have made so far is not looked at again, so that memory stays shared.
            gc.freeze()
            terminal = os.open(self.folder / "output", os.O_WRONLY | os.O_APPEND)
            os.dup2(terminal, 1)
            os.dup2(terminal, 2)
            sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            signal.signal(signal.SIGINT, signal.default_int_handler)
            stand_in = StandInEnvironment("test", {**SETTINGS, **self.settings}, Client(self, fault))
            stand_in.docker.text_of_stack = rendered(stack)
            for module, name, replaced in (
                (environment, "load", lambda _: stand_in),
                (status, "answer", lambda _: self.answer()),
                (yaml, "load", lambda text, _: json.loads(text)),
            ):
                setattr(module, name, replaced)
            sys.argv = ["deploy/swarm", command, "test", *arguments]
            code = command_line.main()
        except SystemExit as done:
            code = int(done.code or 0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            os._exit(code)

    def look(self) -> tuple[list[str], list[str]]:
        """Return what `status` and `releases` say, without a process of their own."""
        asking = StandInEnvironment("test", SETTINGS, Client(self, None))
        return status.described(asking), [str(release) for release in releases.listed(asking)]

    def answer(self) -> tuple[int, str, str]:
        """Answer as the site does: with the release of the service `app`."""
        app = self.state()["service"][f"{STACK}_app"]
        certificates = [name for name in self.state()["secret"] if "_tls_certificate_" in name]
        newest = max(certificates, key=lambda name: int(name.rpartition("_")[2]))
        fingerprint = self.state()["secret"][newest]["Spec"]["Labels"].get("deploy.fingerprint", "")
        release = app["Spec"]["Labels"].get("release", "")
        return 200, "somebody-else" if release == "liar" else release, fingerprint


@dataclass(frozen=True)
class StandInEnvironment(Environment):
    """The stack that was recorded once, instead of one that a real client renders."""

    docker: "Client"

    @property
    def stack_files(self) -> list[Path]:
        return []

    def render(self, **variables: str) -> str:
        text = self.docker.text_of_stack
        for old, new in {
            "registry.example.com/exampleapp/app:1a2b3c4": variables["APP_IMAGE"],
            "1a2b3c4": variables["RELEASE"],
        }.items():
            text = text.replace(old, new)
        # Any content will do: with each release it is another one.
        content = self.docker.engine.folder / "content"
        content.write_text(variables["RELEASE"], encoding="utf-8")
        return re.sub(r"/project/deploy/[\w./]+", str(content), text)


@cache
def rendered(stack: str) -> str:
    """Return a rendered stack as JSON, which is read faster than other YAML."""
    text = (stack or RENDERED.read_text(encoding="utf-8")).replace("exampleapp-production", STACK)
    parsed = yaml.safe_load(text)
    # What the lint wants, and the recorded stack is too old for.
    parsed["secrets"]["cron_api_key_previous"]["name"] = f"{STACK}_cron_api_key_0"
    for service in parsed["services"].values():
        service["deploy"]["resources"]["limits"]["pids"] = 100
    return json.dumps(parsed)


class Client(Docker):
    """The docker client, as far as deploy/swarm uses it."""

    pause = 0.001
    text_of_stack = ""

    def __init__(self, engine: Engine, fault: Fault | None) -> None:
        super().__init__({})
        self.engine, self.fault = engine, fault
        self.reconnect = engine.reconnect
        self.count = 0
        self.state = engine.state()

    def start(self, *arguments: str, both: bool = False) -> "subprocess.Popen[bytes]":
        done = self.once(*arguments, value="", timeout=0)
        pipe = subprocess.PIPE
        return subprocess.Popen(["printf", "%s", done.stdout], stdout=pipe, stderr=pipe)

    def once(
        self, *arguments: str, value: str, timeout: float, variables: dict[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        self.count += 1
        with (self.engine.folder / "calls").open("a", encoding="utf-8") as calls:
            services = json.loads(value)["services"] if arguments[:2] == ("stack", "deploy") else {}
            calls.write(" ".join([*arguments, *services]) + "\n")
        kind, call = self.fault or ("", 0)
        if kind == "gap" and call < self.count < call + GAP:
            return subprocess.CompletedProcess(arguments, 1, "", LOST)
        if (kind == "refuse" and self.count == call) or (kind == "away" and self.count > call):
            error = LOST if kind == "away" else "Error response from daemon: not today"
            return subprocess.CompletedProcess(arguments, 1, "", error)
        code, output, error = answer(self.state, list(arguments), value)
        if WRITES.intersection(arguments[:2]):
            self.engine.file.write_text(json.dumps(self.state), encoding="utf-8")
        if kind == "term" and self.count >= call:
            signal.raise_signal(signal.SIGTERM)
        if self.count == call:
            if kind == "kill":
                signal.raise_signal(signal.SIGKILL)
            elif kind == "unlock":
                del self.state["config"][f"{STACK}_lock"]
            elif kind in ("cut", "gap", "away"):
                return subprocess.CompletedProcess(arguments, 1, "", LOST)
        return subprocess.CompletedProcess(arguments, code, output, error)


def answer(state: Json, words: list[str], value: str) -> tuple[int, str, str]:
    """Do what a docker command says; return exit code, output and error."""
    options = [word for word in words if word.startswith("--")]
    verb, *rest = [word for word in words if not word.startswith("--")]
    labels = [option.removeprefix("--filter=label=") for option in options if "label=" in option]
    try:
        if verb in ("version", "info", "pull"):
            return 0, information(words), ""
        if verb == "image":
            return 0, json.dumps([image(state, rest[1])]), ""
        if verb == "node":
            return 0, nodes(state, rest, words), ""
        if verb == "inspect":
            kind, *names = rest
            return 0, json.dumps([state[kind][name] for name in names if kind == "task"]), ""
        if verb == "stack":
            return 0, stack(state, rest, value), ""
        return 0, objects(state, verb, rest, labels, options, value), ""
    except KeyError as error:
        return 1, "", f"Error response from daemon: {error} not found"
    except FileExistsError as error:
        return (
            1,
            "",
            f"Error response from daemon: rpc error: code = AlreadyExists desc = {error} already exists",
        )


def information(words: list[str]) -> str:
    return {
        "{{.Client.Version}}": "26.1.5",
        "{{.Swarm.ControlAvailable}}": "true",
        "{{.SystemTime}}": now(),
        "{{.Swarm.NodeID}}": "node-1",
    }.get(words[-1], "")


def nodes(state: Json, rest: list[str], words: list[str]) -> str:
    if rest[0] == "ls":
        return "node-1"
    if rest[0] == "update":
        name, _, text = rest[1].partition("=")
        state["labels"][name] = text
        return ""
    platform = {"OS": "linux", "Architecture": "x86_64"}
    node = {
        "ID": "node-1",
        "Description": {"Hostname": "host", "Platform": platform},
        "Spec": {"Labels": state["labels"], "Role": "manager", "Availability": "active"},
        "Status": {"State": "ready"},
    }
    return json.dumps([node])


def image(state: Json, reference: str) -> Json:
    tagged = reference.partition("@")[0]
    name, _, tag = tagged.rpartition(":")
    digest = state["moved"].get(tagged, tag)
    return {
        "Id": "sha256:1",
        "RepoDigests": [f"{name}@sha256:{digest}"],
        "Config": {"Env": [f"RELEASE={tag}"]},
        "Architecture": "amd64",
        "Os": "linux",
    }


def objects(
    state: Json, kind: str, rest: list[str], labels: list[str], options: list[str], value: str
) -> str:
    verb, *names = rest
    known = state[kind]
    if verb == "create":
        name = names[0]
        if name in known:
            raise FileExistsError(name)
        state["made"] += 1
        given = dict(
            option.removeprefix("--label=").split("=", 1) for option in options if "--label=" in option
        )
        data = base64.b64encode(value.encode()).decode() if kind == "config" else ""
        specification = {"Name": name, "Labels": given, "Data": data}
        known[name] = {"ID": f"id-{state['made']}", "CreatedAt": now(), "Spec": specification}
        return f"id-{state['made']}"
    if verb == "ls":
        found = [item for item in known.values() if all(carries(item, label) for label in labels)]
        return "\n".join(item["Spec"]["Name"] if "--format" in options else item["ID"] for item in found)
    if verb == "ps":
        found = [task for task in state["task"].values() if task["ServiceID"] == known[names[0]]["ID"]]
        return "\n".join(task["ID"] for task in found)
    if verb == "logs":
        return str(state["service"].get(names[0], {}).get("Log", ""))
    by_id = {item["ID"]: name for name, item in known.items()}
    wanted = [by_id.get(name, name) for name in names]
    if verb == "inspect":
        return json.dumps([known[name] for name in wanted])
    assert verb == "rm", rest
    for name in wanted:
        gone = known.pop(name)
        state["task"] = {key: task for key, task in state["task"].items() if task["ServiceID"] != gone["ID"]}
    return ""


def carries(item: Json, label: str) -> bool:
    key, equals, text = label.partition("=")
    labels = item["Spec"]["Labels"]
    return key in labels and (not equals or labels[key] == text)


def stack(state: Json, rest: list[str], value: str) -> str:
    verb, name = rest
    if verb == "ps":
        ours = {
            item["ID"] for item in state["service"].values() if item["Spec"]["Name"].startswith(f"{name}_")
        }
        if not ours:
            raise KeyError(name)
        return "\n".join(task["ID"] for task in state["task"].values() if task["ServiceID"] in ours)
    assert verb == "deploy", rest
    given = json.loads(value.replace("$$", "$"))
    assert "version" not in given
    for key in given["networks"]:
        state["network"][f"{name}_{key}"] = {
            "ID": f"{name}-{key}",
            "Spec": {"Name": f"{name}_{key}", "Labels": {}},
        }
    for key, service in given["services"].items():
        update(state, f"{name}_{key}", name, service, given)
    return ""


def update(state: Json, full_name: str, stack_name: str, service: Json, given: Json) -> None:
    """Make or change a service; its tasks are made anew when what they run has changed."""
    deploy = service.get("deploy", {})
    job = deploy.get("mode", "replicated").endswith("job")
    secrets = [
        {"SecretName": given["secrets"][item["source"]]["name"], "File": {"Name": item["source"]}}
        for item in service.get("secrets", [])
    ]
    for secret in secrets:
        state["secret"][secret["SecretName"]]
    definition = {key: item for key, item in service.items() if key != "deploy"}
    template = {"ContainerSpec": {"Image": service["image"], "Secrets": secrets}, "Definition": definition}
    specification = {
        "Name": full_name,
        "Labels": {**deploy.get("labels", {}), "com.docker.stack.namespace": stack_name},
        "Mode": {"Replicated": {"Replicas": deploy.get("replicas", 1)}},
        "UpdateConfig": {"Monitor": 0},
        "TaskTemplate": template,
    }
    before = state["service"].get(full_name)
    state["made"] += 1
    service_id = before["ID"] if before else f"id-{state['made']}"
    made = {"ID": service_id, "Spec": specification, "CreatedAt": now()}
    # What the command `migrate` writes.
    migrating = "migrate" in service.get("command", [])
    fails = migrating and "migration-fails" in service["image"]
    if migrating and "migrat" in service["image"]:
        ending = "...\nno such column\n" if fails else "... OK\n"
        made["Log"] = f"  Applying shop.0002_price... OK\n  Applying shop.0003_stock{ending}"
    if before:
        made["UpdateStatus"] = {"State": "completed"}
    state["service"][full_name] = made
    failed = [task for task in state["task"].values() if task["Status"]["State"] == "failed"]
    # What has failed is started again.
    if (
        before
        and before["Spec"]["TaskTemplate"] == template
        and service_id not in {task["ServiceID"] for task in failed}
    ):
        return
    state["task"] = {key: task for key, task in state["task"].items() if task["ServiceID"] != service_id}
    for number in range(int(deploy.get("replicas", 1))):
        key = f"task-{state['made']}-{number}"
        broken = fails or (not job and any(part in service["image"] for part in state["broken"]))
        running = "complete" if job else "running"
        status = {"State": "failed" if broken else running, "ContainerStatus": {"ExitCode": int(broken)}}
        state["task"][key] = {
            "ID": key, "ServiceID": service_id, "CreatedAt": now(), "NodeID": "node-1", "Status": status,
            "DesiredState": "running", "Spec": template,
        }  # fmt: skip


def now() -> str:
    return datetime.now(UTC).isoformat()


def _wait(child: int) -> int:
    """Return how a process ended; one that hangs is killed, and that is an error."""
    give_up = time.monotonic() + LIMIT
    while time.monotonic() < give_up:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError(f"the command still ran after {LIMIT:.0f} s")
