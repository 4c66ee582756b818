"""The steps of a deploy and of a rollback, and the way back when one fails."""

from __future__ import annotations

import re
import shlex
import signal
from dataclasses import dataclass, replace

from . import database_login, images, job, lock, preflight, releases, rollout, secret, stack
from .environment import Environment
from .outcome import Exit, Problem, report, say
from .releases import Release
from .screen import Screen
from .stack import Stack
from .verify import verify

# Seconds for each of migration, rollout and going back, unless DEADLINE or --deadline says otherwise.
DEADLINE = 300.0
# Seconds for the site to answer once every service runs.
VERIFY_DEADLINE = 30.0
# The longest a deploy may hold the lock, in deadlines: database, proxy, login, migration, rollout, going back.
LOCK_DEADLINES = 6
# Commands that run like a service of the new release before it is rolled out; settings of these names replace them.
CHECKS = {"MIGRATE": "python manage.py migrate --noinput", "PROXY_CHECK": "nginx -t"}


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
        with self.screen.step("preflight"):
            release, configs = self._plan(image, dry_run)
            say(f"  services that change: {', '.join(stack.changed_services(self._before(), release.stack)) or 'none'}")
        if dry_run:
            say("nothing was changed: this was a dry run")
            return Exit.DONE
        seconds = LOCK_DEADLINES * self.deadline
        with lock.held(self.environment, f"deploy {image}", seconds, self.wait_for_lock):
            with self.screen.step("prepare"):
                if any(known.number >= release.number for known in releases.listed(self.environment)):
                    say("  somebody else has deployed meanwhile")
                    release, configs = self._plan(image, dry_run)
                for name in job.remove_left_behind(self.environment):
                    say(f"  removed {name}, left behind by a command that was killed")
                self._create(configs)
            self._prepare(release)
            return self._roll_out(release)

    def rollback(self, wanted: str | None) -> Exit:
        """Go back to a kept release, by name or number; None is the one before. Ends like `deploy`."""
        seconds = LOCK_DEADLINES * self.deadline
        with lock.held(self.environment, f"rollback to {wanted or 'the one before'}", seconds, self.wait_for_lock):
            with self.screen.step("preflight"):
                preflight.check_engine(self.docker)
                known = releases.listed(self.environment)
                target = releases.pick(known, wanted)
                say(f"  to release {target.number} ({target.name}) of {target.ended}")
                self._check_swarm(target.stack)
                preflight.check_exist(self.environment, target.stack, "configs")
                stack.pin_images(target.stack, lambda image: images.resolve(self.docker, image))
                since = [name for release in known if release.number > target.number for name in release.migrations]
                if since:
                    say(f"  WARNING: migrations were applied since, and stay applied: {', '.join(since)}")
            self.running = releases.good(known)[-1]
            what, number = f"rollback to {target.number}", known[-1].number + 1
            who, started = releases.whoami(), releases.now()
            return self._roll_out(replace(target, what=what, number=number, who=who, started=started, migrations=[]))

    def _before(self) -> Stack:
        return self.running.stack if self.running else {}

    def _plan(self, image: str, dry_run: bool) -> tuple[Release, list[stack.Config]]:
        """Check everything; return what is to run, and the configs that it needs. Nothing is changed."""
        preflight.check_engine(self.docker)
        known = releases.listed(self.environment)
        self.running = next(reversed(releases.good(known)), None)
        if dry_run:
            images.check_exists(self.docker, image)
        app_image = image if dry_run else images.resolve(self.docker, image)
        name = images.release_of(self.docker, app_image)
        text = self.environment.render(APP_IMAGE=image, RELEASE=name)
        preflight.check_lint(self.environment, text)
        wanted = stack.parse(text)
        stack.set_versions(self.environment.stack, wanted, secret.newest(self.environment), self._before())
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
            return reference if dry_run else images.resolve(self.docker, reference)

        number = known[-1].number + 1 if known else 1
        release = Release(number, name, "deploy", image, releases.whoami(), releases.now(), stack=wanted)
        release.images = stack.pin_images(wanted, pin)
        say(f"  release {number}: {name}, image {app_image}")
        return release, configs

    def _check_swarm(self, wanted: Stack) -> None:
        preflight.check_database_node(self.environment, wanted)
        preflight.check_exist(self.environment, wanted, "secrets")
        preflight.check_certificate(self.environment, wanted)

    def _create(self, configs: list[stack.Config]) -> None:
        there = self.docker.names("config")
        for name, text, driver in configs:
            if name not in there:
                releases.create(self.environment, name, text, {"kind": "content"}, driver)
                say(f"  new config {name}")

    def _prepare(self, release: Release) -> None:
        """Do everything that can fail before the site is touched."""
        there = set(rollout.services_of(self.environment))
        backing = stack.backing(release.stack)
        if not backing <= there:
            with self.screen.step("database and cache"):
                # The first migration needs a database, and a network to reach it.
                part = {name: release.stack["services"][name] for name in sorted(backing)}
                self._watched({**release.stack, "services": part}, f"{release.number}-0")
        before = self._before() if there else {}
        if "proxy" in stack.changed_services(before, release.stack):
            with self.screen.step("proxy configuration"):
                self._must_pass(release, "proxy", "PROXY_CHECK")
        if database_login.is_new(self.environment, release.stack, before):
            with self.screen.step("database login"):
                database_login.make(self.environment, release.stack, before or release.stack)
        with self.screen.step("migrate"):
            release.migrations = re.findall(r"Applying (\S+?)\.\.\.", self._must_pass(release, "app", "MIGRATE"))

    def _must_pass(self, release: Release, service: str, check: str) -> str:
        """Run a command like a service of a release, and return what it wrote; raise Problem when it fails."""
        command = self.environment.settings.get(check, CHECKS[check])
        task = job.definition(self.environment, release.stack, service, {"command": shlex.split(command)})
        result = job.run(self.environment, task, check.lower().replace("_", "-"), self.deadline)
        if result.exit_code:
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
            releases.record(self.environment, replace(release, outcome=releases.GOOD, ended=releases.now()))
        except (Problem, KeyboardInterrupt) as failure:
            _finish_undisturbed()
            interrupted = Problem(
                "the rollout was interrupted", "this command was told to stop", "wait for the way back"
            )
            report(failure if isinstance(failure, Problem) else interrupted)
            code = self._go_back()
            outcome = "rolled back" if code == Exit.ROLLED_BACK else "not rolled back"
            failed = replace(release, outcome=outcome, ended=releases.now(), stack={}, images={})
            try:
                releases.record(self.environment, failed)
            except Problem as problem:
                report(problem)
            return code
        _finish_undisturbed()
        with self.screen.step("prune"):
            self._prune(release.stack)
        say(f"release {release.number} ({release.name}) runs; {self.screen.summary()}")
        return Exit.DONE

    def _go_back(self) -> Exit:
        # A lost connection may come back; nothing can be done until then.
        self.docker.patience = self.deadline
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

    def _watched(self, wanted: Stack, mark: str) -> None:
        rollout.roll_out(self.environment, wanted, mark, self.deadline, self.screen)

    def _verify(self, release: Release) -> None:
        fingerprint = secret.certificate_labels(self.environment, release.stack).get("deploy.fingerprint", "")
        verify(self.environment, release.name, fingerprint, VERIFY_DEADLINE)

    def _prune(self, running: Stack) -> None:
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
                    self.docker.text(kind, "rm", name)
                    removed.append(name)
        except Problem as problem:
            # The release runs and is recorded: what is left now is removed next time.
            report(problem)
            return
        say(f"  removed {', '.join(removed) or 'nothing'}")


def _finish_undisturbed() -> None:
    """Ignore signals from now on: what is half done is worse than a wait."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
