"""Reads settings from environment variables, or from the files that they name."""

import os

from django.core.exceptions import ImproperlyConfigured
from environ import Env
from environ.fileaware_mapping import FileAwareMapping


class SecretFiles(FileAwareMapping):  # type: ignore[misc]
    """Answers `NAME` from the variable `NAME`, or from the file that `NAME_FILE` names.

    Docker mounts a secret as a file, hence the second form. Two sources for one
    value would hide a mistake, so having both is an error.
    """

    def __getitem__(self, key: str) -> str:
        """Return the value of `key`, without the line end that editors add to files.

        Raises:
            KeyError: neither form is set.
            ImproperlyConfigured: both are set, or the file cannot be read.
        """
        file = f"{key}_FILE"
        if not self.env.get(file):
            return str(self.env[key])
        if self.env.get(key):
            raise ImproperlyConfigured(f"{key} and {file} are both set: keep one of them.")
        try:
            return str(super().__getitem__(key)).rstrip("\r\n")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ImproperlyConfigured(f"{file}={self.env[file]}: {reason}.") from error


class FileAwareEnv(Env):  # type: ignore[misc]
    """django-environ's reader on top of `SecretFiles`."""

    ENVIRON = SecretFiles(os.environ)


env = FileAwareEnv()


def require(*names: str) -> None:
    """Check that each variable has a value, so that one start shows every mistake.

    Args:
        names: the variables that the settings cannot do without.

    Raises:
        ImproperlyConfigured: names every variable that is missing, empty, doubled
            or whose file cannot be read.
    """
    problems = [problem for name in names if (problem := _problem(name))]
    if problems:
        raise ImproperlyConfigured(" ".join(problems))


def _problem(name: str) -> str:
    try:
        value = env.ENVIRON[name]
    except KeyError:
        value = ""
    except ImproperlyConfigured as error:
        return str(error)
    return "" if value else f"{name} is missing: set {name} or {name}_FILE."
