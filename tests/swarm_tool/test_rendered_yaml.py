import pytest
from swarm_tool.rendered_yaml import parse

from .conftest import RECORDED


def test_rendered_stack() -> None:
    stack = parse((RECORDED / "rendered.yml").read_text(encoding="utf-8"))

    assert set(stack["services"]) == {"app", "db", "proxy", "redis"}
    assert stack["version"] == "3.13"
    app = stack["services"]["app"]
    assert app["cap_drop"] == ["ALL"]
    assert app["read_only"] is True
    assert app["deploy"]["replicas"] == 2
    assert app["deploy"]["resources"]["limits"]["cpus"] == "1.0"
    assert app["networks"] == {"backend": None, "frontend": None}
    assert app["volumes"][0] == {"type": "tmpfs", "target": "/tmp", "tmpfs": {"size": 67108864}}
    assert stack["services"]["proxy"]["ports"][0] == {
        "mode": "host", "target": 8080, "published": 80, "protocol": "tcp",
    }  # fmt: skip
    assert stack["secrets"]["secret_key"] == {
        "name": "exampleapp-production_secret_key_1",
        "external": True,
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "a: 1\nb: 1.5\nc: true\nd: null\ne: {}\nf: []\n",
            {"a": 1, "b": 1.5, "c": True, "d": None, "e": {}, "f": []},
        ),
        ("a: '1'\nb: \"yes\"\nc: 'it''s: #1'\n", {"a": "1", "b": "yes", "c": "it's: #1"}),
        ('a: "tab\\there \\x1b \\e \\" \\\\n"\n', {"a": 'tab\there \x1b \x1b " \\n'}),
        (
            "a: |\n  one\n\n    two\nb: |-\n  three\nc: x\n",
            {"a": "one\n\n  two\n", "b": "three", "c": "x"},
        ),
        ("a: |2-\n    indented\n  not\n", {"a": "  indented\nnot"}),
        (
            "a:\n- x: 1\n  y: 2\n- z\nb:\n  - - p\n    - q\n",
            {"a": [{"x": 1, "y": 2}, "z"], "b": [["p", "q"]]},
        ),
        (
            '"quoted key": 1\n/path/to: 10s\nurl: http://a:1/b\n',
            {"quoted key": 1, "/path/to": "10s", "url": "http://a:1/b"},
        ),
        (
            "a:\n  - node.labels.shop.database == true\n",
            {"a": ["node.labels.shop.database == true"]},
        ),
    ],
)
def test_small_part_of_yaml(text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize("text", ["a: 1\n b: 2\n", "a: 1\njust words\n", "- a\nb: 1\n", "&anchor a: 1\n"])
def test_anything_else_is_an_error_with_its_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"line \d of the rendered stack"):
        parse(text)
