import pytest

from medcontrol.strict_yaml import YamlFault, load_yaml, parse_yaml


def test_only_whole_numbers_flags_and_nothing_are_guessed():
    text = "{a: 7, b: true, c: ~, d: no, e: 16:30, f: 2026-11-20, g: 010, h: 1_000, 1: '0.5'}"

    assert parse_yaml(text, source="x") == {
        "a": 7, "b": True, "c": None, "d": "no", "e": "16:30", "f": "2026-11-20",
        "g": "010", "h": "1_000", 1: "0.5",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 0.5", "in quotes"),
        ("a: 1e3", None),
        ("a: -1.5e3", "in quotes"),
        ("a: 1\nb: 2\na: 3", "a stands twice"),
        ("a: {b: 1, b: 2}", "b stands twice"),
        ("? [a]\n: 1", "plain word"),
        ("a: !!python/object/apply:os.system [ls]", "constructor"),
        ("a: [", "x.yaml"),
    ],
)
def test_what_could_be_misread_is_refused_with_its_file(text, says):
    if says is None:
        assert parse_yaml(text, source="x.yaml") == {"a": "1e3"}
        return
    with pytest.raises(YamlFault, match=says) as refusal:
        parse_yaml(text, source="x.yaml")
    assert str(refusal.value).startswith("x.yaml: ")


def test_a_file_is_read_as_utf8(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("a: é", encoding="utf-8")

    assert load_yaml(file) == {"a": "é"}
