"""The jobs of this project, each a function under a name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .parameters import Parameter, declared

# Takes the lease and the declared parameters; returns a line for the history, or nothing.
JobFunction = Callable[..., str | None]


@dataclass(frozen=True)
class Job:
    """A function that runs at most once at a time, and its limits in seconds."""

    name: str
    function: JobFunction
    lease: float
    timeout: float
    parameters: Mapping[str, Parameter]


jobs: dict[str, Job] = {}


def job(name: str, *, lease: float, timeout: float) -> Callable[[JobFunction], JobFunction]:
    """Register a function under a name.

    Args:
        name: how the crontab, the endpoint and the history call the job.
        lease: seconds after which the job may run again when its runner dies. It is renewed
            while the job runs, so it may be much shorter than the job.
        timeout: seconds after which nobody waits for the job any longer.

    Raises:
        ValueError: the name is taken, or a parameter cannot come from JSON.
    """

    def register(function: JobFunction) -> JobFunction:
        if name in jobs:
            raise ValueError(f"There are two jobs called {name!r}: rename one of them.")
        jobs[name] = Job(name, function, lease, timeout, declared(function))
        return function

    return register


def arguments(job: Job, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a call once they are what the job declares.

    Raises:
        ValueError: names the parameter that is unknown, missing or of the wrong type.
    """
    for name in given:
        if name not in job.parameters:
            raise ValueError(f"{job.name} has no parameter {name!r}")
    for parameter in job.parameters.values():
        if parameter.required and parameter.name not in given:
            raise ValueError(f"{job.name} needs the parameter {parameter.name!r}")
    return {name: job.parameters[name].accept(value) for name, value in given.items()}


def arguments_from_text(job: Job, words: list[str]) -> dict[str, Any]:
    """Do the same with the `name=value` words of a command or a crontab line.

    Raises:
        ValueError: names the word that is wrong.
    """
    given: dict[str, Any] = {}
    for word in words:
        name, separator, text = word.partition("=")
        if not separator:
            raise ValueError(f"{word!r} is no parameter: write it as name=value")
        parameter = job.parameters.get(name)
        given[name] = parameter.parse(text) if parameter else text
    return arguments(job, given)
