"""What is left when a stack is taken down and deployed again."""

import pytest

from .stack import Stack

pytestmark = pytest.mark.swarm


def test_all_data_is_there_after_stack_rm_and_a_new_deploy(stack: Stack) -> None:
    stack.sql("CREATE TABLE survivors (name text); INSERT INTO survivors VALUES ('Noah')")

    stack.take_down()
    stack.deploy()
    stack.wait_until_healthy()

    assert stack.sql("SELECT name FROM survivors") == "Noah"
    stack.sql("DROP TABLE survivors")
    assert stack.site.get("/admin/login/").status == 200
