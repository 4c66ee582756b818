"""What a job may be told: the arguments of its function after the lease."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

TYPES: tuple[type, ...] = (bool, int, float, str)


@dataclass(frozen=True)
class Parameter:
    """One argument of a job."""

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


def declared(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the parameters of a job's function by name.

    Raises:
        ValueError: the type of one is missing, or is none of `TYPES`.
    """
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
