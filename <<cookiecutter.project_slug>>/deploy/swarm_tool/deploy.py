"""The steps of a deploy and of a rollback, and the way back when one fails."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from . import database_login, lock, preflight, releases, rollout, secret, stack, status, tasks
from .docker import Json
from .environment import Environment
from .outcome import Exit, Problem, Screen, report, say
from .releases import Release

# Seconds for each of migration, rollout and going back, unless DEADLINE or --deadline says otherwise.
DEADLINE = 300.0
# Seconds for the site to answer once every service runs.
VERIFY_DEADLINE = 30.0
# The longest a deploy may hold the lock, in deadlines: database, proxy, login, migration, rollout, going back.
LOCK_DEADLINES = 6
# Seconds on top of these for what has limits of its own: pulling images, and waiting for an engine that is away.
LOCK_SPARE = 1800.0
# Commands that run like a service of the new release before it is rolled out; settings of these names replace them.
CHECKS = {"MIGRATE": "python manage.py migrate --noinput", "PROXY_CHECK": "nginx -t"}
# How `migrate` tells what it does.
APPLYING = re.compile(r"Applying (\S+?)\.\.\.")


@dataclass
class Deployment:
    """A deploy or a rollback in progress; times in seconds."""

    environment: Environment
    deadline: float
    wait_for_lock: float
    keep: int = releases.KEPT

    def __post_init__(self) -> None:
        self.screen = Screen()
        self.docker = self.environment.docker
        self.running: Release | None = None

    def deploy(self, image: str, dry_run: bool) -> Exit:
        """Deploy an image and return how it ended; raise Problem when what runs was not changed."""
        preflight.check_engine(self.docker)
        if dry_run:
            with self.screen.step("preflight"):
                self._plan(image, dry_run)
            say("nothing was changed: this was a dry run")
            return Exit.DONE
        with self._locked(f"deploy {image}"):
            with self.screen.step("preflight"):
                release, configs = self._plan(image, dry_run)
            with self.screen.step("prepare"):
                for name in tasks.remove_left_behind(self.environment):
                    say(f"  removed {name}, left behind by a command that was killed")
                self._create(configs)
            seen: list[str] = []
            with self._begun(release, seen):
                self._prepare(release, seen)
            return self._roll_out(release)

    def rollback(self, wanted: str | None) -> Exit:
        """Go back to a kept release, by name or number; None is the one before. Ends like `deploy`."""
        preflight.check_engine(self.docker)
        with self._locked(f"rollback to {wanted or 'the one before'}"):
            with self.screen.step("preflight"):
                known = releases.listed(self.environment)
                target = releases.pick(known, wanted)
                say(f"  to release {target.number} ({target.name}) of {target.ended}")
                self._check_swarm(target.stack)
                preflight.check_exist(self.environment, target.stack, "configs")
                stack.pin_images(target.stack, lambda image: preflight.resolve_image(self.docker, image))
                for warning in releases.migrated_since(known, target):
                    say(f"  WARNING: {warning}")
            self.running = releases.good(known)[-1]
            what, number = f"rollback to {target.number}", known[-1].number + 1
            who, started = releases.whoami(), releases.now()
            release = replace(target, what=what, number=number, who=who, started=started, migrations=[])
            with self._begun(release, []):
                # What is kept has migrated already, and was checked when it was deployed.
                pass
            return self._roll_out(release)

    @contextmanager
    def _locked(self, why: str) -> Iterator[None]:
        seconds = LOCK_DEADLINES * self.deadline + LOCK_SPARE
        with lock.held(self.environment, why, seconds, self.wait_for_lock) as self.lock:
            yield

    def _before(self) -> Json:
        return self.running.stack if self.running else {}

    def _plan(self, image: str, dry_run: bool) -> tuple[Release, list[stack.Config]]:
        """Check everything; return what is to run, and the configs that it needs. Nothing is changed."""
        known = releases.listed(self.environment)
        self.running = next(reversed(releases.good(known)), None)
        if dry_run:
            preflight.check_image_exists(self.docker, image)
        app_image = image if dry_run else preflight.resolve_image(self.docker, image)
        name = preflight.release_of(self.docker, app_image)
        text = self.environment.render(APP_IMAGE=image, RELEASE=name)
        preflight.check_lint(self.environment, text)
        wanted = stack.parse(text)
        stack.set_versions(self.environment.stack, wanted, secret.newest(self.environment), self._before())
        if not self.running:
            self._keep_first_password(wanted)
        self._check_swarm(wanted)
        configs = stack.take_configs(self.environment.stack, wanted)
        # A tag that was moved must not restart the database: what it stood for is used again.
        kept = {wanted["services"][key]["image"] for key in stack.backing(wanted)}
        pinned = self.running.images if self.running else {}

        def pin(reference: str) -> str:
            if reference == image:
                return app_image
            if reference in pinned and (dry_run or reference in kept):
                return pinned[reference]
            return reference if dry_run else preflight.resolve_image(self.docker, reference)

        number = known[-1].number + 1 if known else 1
        release = Release(number, name, "deploy", image, releases.whoami(), releases.now(), stack=wanted)
        release.images = stack.pin_images(wanted, pin)
        preflight.check_processors(self.environment, wanted)
        say(f"  release {number}: {name}, image {app_image}")
        say(f"  services that change: {', '.join(stack.changed_services(self._before(), wanted)) or 'none'}")
        return release, configs

    def _check_swarm(self, wanted: Json) -> None:
        preflight.check_database_node(self.environment, wanted)
        preflight.check_exist(self.environment, wanted, "secrets")
        preflight.check_certificate(self.environment, wanted)

    def _create(self, configs: list[stack.Config]) -> None:
        there = self.docker.names("config")
        for name, text, driver in configs:
            if name not in there:
                releases.create(self.environment, name, text, {"kind": "content"}, driver)
                say(f"  new config {name}")

    def _keep_first_password(self, wanted: Json) -> None:
        """Let a database that was made by a first deploy, before that failed, keep the password it was made with."""
        made = rollout.services_of(self.environment).get("db")
        name = rollout.secret_of(made, "database_password") if made else ""
        if name and "database_password" in wanted.get("secrets", {}):
            wanted["secrets"]["database_password"]["name"] = name

    @contextmanager
    def _begun(self, release: Release, seen: list[str]) -> Iterator[None]:
        """Record that a release is begun, and what it left behind if it is stopped before its rollout."""
        try:
            releases.begin(self.environment, release)
            yield
            lock.check(self.environment, self.lock)
        except (Problem, KeyboardInterrupt) as failure:
            _finish_undisturbed()
            stopped = isinstance(failure, KeyboardInterrupt)
            release.migrations = release.migrations or _applied("".join(seen), stopped)
            if release.migrations:
                say(f"  migrations were applied, and stay applied: {', '.join(release.migrations)}")
            if not isinstance(failure, lock.LockLost):
                self._undo_preparation(release)
            raise

    def _prepare(self, release: Release, seen: list[str]) -> None:
        """Do everything that can fail before the site is touched; `seen` gets the lines of the migration."""
        there = set(rollout.services_of(self.environment))
        before = self._before() if there else {}
        backing = stack.backing(release.stack)
        # One that was there before is changed with the others; one of a deploy that failed may be broken.
        if new := backing - (there & set(before.get("services", {}))):
            with self.screen.step("database and cache"):
                # The first migration needs a database, and a network to reach it.
                part = {name: release.stack["services"][name] for name in sorted(new)}
                self._watched({**release.stack, "services": part}, f"{release.number}-0")
        # On the networks of what runs: those of a release that renames them are made when it is rolled out.
        networks = (before or release.stack).get("networks", {})
        here = replace(release, stack={**release.stack, "networks": networks})
        if "site" in stack.changed_services(before, release.stack):
            with self.screen.step("proxy configuration"):
                self._must_pass(here, "site", "PROXY_CHECK", [])
        if database_login.is_new(self.environment, release.stack, before):
            with self.screen.step("database login"):
                database_login.make(self.environment, release.stack, before or release.stack)
        with self.screen.step("migrate"):
            release.migrations = APPLYING.findall(self._must_pass(here, "app", "MIGRATE", seen))

    def _undo_preparation(self, release: Release) -> None:
        """Take away the services that what runs does not have, and record that the release was stopped."""
        try:
            if self.running:
                rollout.remove_other_services(self.environment, self.running.stack)
            self._record(release, releases.STOPPED)
        except Problem as problem:
            report(problem)

    def _record(self, release: Release, outcome: str) -> None:
        releases.record(self.environment, replace(release, outcome=outcome, ended=releases.now()))

    def _must_pass(self, release: Release, service: str, check: str, seen: list[str]) -> str:
        """Run a command like a service of a release, and return what it wrote; raise Problem when it fails."""
        command = self.environment.settings.get(check, CHECKS[check])
        task = tasks.definition(self.environment, release.stack, service, {"command": shlex.split(command)})
        purpose = check.lower().replace("_", "-")
        result = tasks.run(self.environment, task, purpose, self.deadline, seen)
        if result.exit_code:
            seen[:] = [result.output]
            why = result.output.strip().rpartition("\n")[2] or "it said nothing"
            remedy = "correct it and deploy again; the site runs what it ran before"
            raise Problem(f"`{command}` failed with exit code {result.exit_code}", why, remedy)
        return result.output

    def _roll_out(self, release: Release) -> Exit:
        """Roll a release out; on any failure go back to the one that ran. Record how it ended."""
        try:
            with self.screen.step("roll out"):
                self._watched(release.stack, str(release.number))
            with self.screen.step("verify"):
                self._verify(release)
            _finish_undisturbed()
            lock.check(self.environment, self.lock)
            self._record(release, releases.GOOD)
        except (Problem, KeyboardInterrupt) as failure:
            _finish_undisturbed()
            interrupted = Problem(
                "the rollout was interrupted", "this command was told to stop", "wait for the way back"
            )
            report(failure if isinstance(failure, Problem) else interrupted)
            return self._go_back(release)
        with self.screen.step("prune"):
            self._prune(release.stack)
        say(f"release {release.number} ({release.name}) runs; {self.screen.summary()}")
        return Exit.DONE

    def _go_back(self, failed: Release) -> Exit:
        # A lost connection may come back; nothing can be done until then.
        self.docker.patience = self.deadline
        try:
            # Where two deploy at once, neither knows what the other does.
            lock.check(self.environment, self.lock)
            releases.withdraw(self.environment, failed)
        except Problem as problem:
            report(problem)
            say("the rollout failed, and nothing was done about it: see `status`")
            return Exit.NOT_ROLLED_BACK
        code = self._restore()
        try:
            self._record(failed, releases.ROLLED_BACK if code == Exit.ROLLED_BACK else releases.NOT_ROLLED_BACK)
        except Problem as problem:
            report(problem)
        return code

    def _restore(self) -> Exit:
        try:
            if not self.running:
                raise Problem("there is no good release to go back to", "none was deployed yet", "deploy a good one")
            running = self.running
            with self.screen.step(f"back to release {running.number} ({running.name})"):
                self._watched(running.stack, str(running.number))
                rollout.remove_other_services(self.environment, running.stack)
                self._verify(running)
        except Problem as second:
            report(second)
            say("the rollout failed, and the stack is not back at a good release")
            return Exit.NOT_ROLLED_BACK
        say(f"the rollout failed; release {running.number} ({running.name}) runs again")
        return Exit.ROLLED_BACK

    def _watched(self, wanted: Json, mark: str) -> None:
        rollout.roll_out(self.environment, wanted, mark, self.deadline, self.screen)

    def _verify(self, release: Release) -> None:
        fingerprint = secret.certificate_labels(self.environment, release.stack).get("deploy.fingerprint", "")
        status.verify(self.environment, release.name, fingerprint, VERIFY_DEADLINE)

    def _prune(self, running: Json) -> None:
        """Remove what no kept release needs: services, releases, configs, secrets and logins."""
        environment = self.environment
        try:
            removed = rollout.remove_other_services(environment, running)
            stacks = releases.forget(environment, releases.listed(environment), self.keep)
            labels = ("deploy.kind=content", f"deploy.stack={environment.stack}")
            configs = {config["Spec"]["Name"] for config in self.docker.labelled("config", *labels)}
            configs -= set().union(*(stack.names(kept, "configs") for kept in stacks))
            secrets = secret.unused(environment, stacks, running)
            # The logins go first: without their secrets nobody would know that they are left.
            if any("_database_uri_" in name for name in secrets):
                database_login.keep_only(environment, running, stacks)
            for kind, names in (("config", sorted(configs)), ("secret", secrets)):
                for name in names:
                    self.docker.remove(kind, name)
                    removed.append(name)
        except Problem as problem:
            # The release runs and is recorded: what is left now is removed next time.
            report(problem)
            return
        say(f"  removed {', '.join(removed) or 'nothing'}")


def _applied(output: str, stopped: bool) -> list[str]:
    """Return the migrations that one that failed or was stopped has applied, and what it may have applied in part."""
    names = APPLYING.findall(output)
    if names and not re.search(r"\bOK\b", output.rpartition("Applying ")[2]):
        names[-1] += " (in part, perhaps)"
    # Of one that was stopped the last lines may be missing.
    return [*names, "perhaps more"] if stopped and names else names


def _finish_undisturbed() -> None:
    """Ignore signals from now on: what is half done is worse than a wait."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
