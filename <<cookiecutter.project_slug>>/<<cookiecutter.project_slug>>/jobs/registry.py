"""The jobs of this project: each a function under a name, with what it may be told."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

# Takes the lease and the declared parameters; returns a line for the history, or nothing.
JobFunction = Callable[..., str | None]

# What JSON, a crontab line and a command can all say.
TYPES: tuple[type, ...] = (bool, int, float, str)


@dataclass(frozen=True)
class Parameter:
    """One argument of a job's function, after the lease."""

    name: str
    type: type
    required: bool

    def accept(self, value: Any) -> Any:
        """Return a value from JSON once it has the declared type.

        Raises:
            ValueError: it has another one, or the database could not store it.
        """
        if self.type is float and type(value) is int:
            value = float(value)
        # For JSON 1 is no true, though Python's bool is an int.
        if type(value) is not self.type:
            raise ValueError(
                f"{self.name} must be {self.type.__name__}, not {type(value).__name__}"
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{self.name} must be a number, not {value}")
        if isinstance(value, str) and "\0" in value:
            raise ValueError(f"{self.name} must not contain a NUL character")
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError(f"{self.name} must not contain half of a surrogate pair")
        return value

    def parse(self, text: str) -> Any:
        """Return the value that a word of a command or a crontab line stands for.

        Raises:
            ValueError: it stands for none of the declared type.
        """
        if self.type is bool:
            if text not in ("true", "false"):
                raise ValueError(f"{self.name} must be true or false, not {text!r}")
            return text == "true"
        try:
            return self.type(text)
        except ValueError as error:
            raise ValueError(f"{self.name} must be {self.type.__name__}, not {text!r}") from error


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
        jobs[name] = Job(name, function, lease, timeout, _declared(function))
        return function

    return register


def _declared(function: JobFunction) -> dict[str, Parameter]:
    hints = get_type_hints(function)
    _lease, *others = inspect.signature(function).parameters.values()
    for argument in others:
        if hints.get(argument.name) not in TYPES:
            names = ", ".join(type_.__name__ for type_ in TYPES)
            raise ValueError(f"{function.__name__}: give {argument.name} a type, one of {names}.")
    return {
        argument.name: Parameter(
            argument.name, hints[argument.name], argument.default is argument.empty
        )
        for argument in others
    }


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
