"""What all tests share."""

import pytest

from << cookiecutter.project_slug >>.alive import reporter


@pytest.fixture(autouse=True)
def fresh_report() -> None:
    """No test sees what the dependencies answered in another one."""
    reporter.forget()
