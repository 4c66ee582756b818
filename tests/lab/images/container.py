"""What a test asks of an image, and of a container."""

from lab.docker import docker


def shell(image: str, script: str) -> str:
    """Run a shell script in a new container of an image and return what it prints."""
    return docker("run", "--rm", "--entrypoint", "sh", image, "-euc", script).stdout.strip()


def programs(image: str, words: str) -> list[str]:
    """Return those of the programs that an image has; `words` names them, separated by spaces."""
    return shell(
        image, f"for word in {words}; do if command -v $word > /dev/null; then echo $word; fi; done"
    ).split()


def configuration(image: str, field: str) -> str:
    """Return a field of an image's configuration, as the docker client prints it."""
    return docker("image", "inspect", "--format", f"{{{{.Config.{field}}}}}", image).stdout.strip()


def has_ended(container: str) -> bool:
    """Tell whether a container runs no more."""
    return docker("inspect", "--format", "{{.State.Running}}", container).stdout.strip() == "false"


def exit_code(container: str) -> int:
    """Return the exit code of a container that has ended."""
    return int(docker("inspect", "--format", "{{.State.ExitCode}}", container).stdout)


def output_of(container: str) -> str:
    """Return all that a container has printed."""
    result = docker("logs", container)
    return result.stdout + result.stderr
