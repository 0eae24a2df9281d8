"""Whatever comes in, a line is accepted or explained; nothing is raised, nothing is lost."""

import contextlib
import gzip
import io
import json

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from medcontrol.intake import Accepted, Faulty, UnreadableDelivery, check, hash_bytes, read_lines
from medcontrol.intake.faults import MAX_FAULTS, MESSAGES
from medcontrol.intake.schema import SCHEMA
from medcontrol.intake.showing import faulty_members
from tests.intake_examples import REGISTERS, accept, document, line, message

FULL = message(
    beneficiary={"relation": "child", "family_name": "Alami", "given_name": "Omar",
                 "birth_date": "2015-02-19"},
    documents=[document(b"%PDF-1.4", "application/pdf")],
    paper={"pages": 2, "location": "RABAT-1"},
    control={"required": True, "mode": "on_file"},
    form={"a": {"b": [1, 2.5, None]}},
)  # fmt: skip

LONGER = settings(deadline=None)  # the machine may be busy

any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)


def assert_explained(raw: bytes) -> None:
    result = check(raw, REGISTERS)
    if isinstance(result, Accepted):
        return
    assert 1 <= len(result.errors) <= MAX_FAULTS
    assert len(set(result.errors)) == len(result.errors)
    assert result.bytes_hash == hash_bytes(raw)
    for error in result.errors:
        assert error.message_fr == MESSAGES[error.code]
        assert error.path == "" or error.path.startswith("/")
        assert (error.path + error.expected).encode("utf-8").count(b"\0") == 0
    faulty_members(raw, result.errors, may_read_medical=True)


def paths_of(value, path=()):
    yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from paths_of(item, (*path, name))
    elif isinstance(value, list):
        for no, item in enumerate(value):
            yield from paths_of(item, (*path, no))


PATHS = [path for path in paths_of(FULL) if path]


def put(path, value):
    changed = json.loads(json.dumps(FULL))
    holder = changed
    for token in path[:-1]:
        holder = holder[token]
    holder[path[-1]] = value
    return json.dumps(changed).encode("utf-8")


@LONGER
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_explained(raw):
    assert_explained(raw)


@LONGER
@given(any_json)
def test_arbitrary_json_is_explained(value):
    assert_explained(json.dumps(value).encode("utf-8"))


@settings(LONGER, max_examples=300)
@given(st.sampled_from(PATHS), any_json)
def test_a_good_line_with_any_value_anywhere_is_explained(path, value):
    assert_explained(put(path, value))


@settings(LONGER, max_examples=200)
@given(st.dictionaries(st.sampled_from(sorted(SCHEMA["properties"])), any_json))
def test_any_values_of_known_members_are_explained(members):
    assert_explained(json.dumps(FULL | members).encode("utf-8"))


@settings(LONGER, max_examples=200)
@given(st.data())
def test_a_good_line_with_bytes_changed_is_explained(data):
    raw = bytearray(orjson.dumps(FULL))
    for at, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=4)
    ):
        raw[at] = byte
    assert_explained(bytes(raw))


@LONGER
@given(st.sampled_from(PATHS), st.integers(1, 3))
def test_a_key_given_again_is_always_found(path, times):
    def write(value, here=()):
        if isinstance(value, dict):
            pairs = [f"{json.dumps(key)}:{write(item, (*here, key))}"
                     for key, item in value.items()
                     for _ in range(1 + times * ((*here, key) == path))]  # fmt: skip
            return "{" + ",".join(pairs) + "}"
        if isinstance(value, list):
            return "[" + ",".join(write(item, (*here, no)) for no, item in enumerate(value)) + "]"
        return json.dumps(value)

    result = check(write(FULL).encode(), REGISTERS)

    if isinstance(path[-1], int):
        assert isinstance(result, Accepted)
    else:
        assert isinstance(result, Faulty)
        pointer = "".join(f"/{token}" for token in path)
        assert [(error.path, error.code) for error in result.errors] == [
            (pointer, "json.duplicate_key")
        ]


@LONGER
@given(st.permutations(list(FULL)), st.sampled_from([None, 0, 2]), st.booleans())
def test_order_spacing_and_escapes_do_not_change_the_content(names, indent, ensure_ascii):
    turned = {name: FULL[name] for name in names}
    raw = json.dumps(turned, indent=indent, ensure_ascii=ensure_ascii).encode()

    assert accept(raw).content_hash == accept(orjson.dumps(FULL)).content_hash


@LONGER
@given(st.sampled_from(PATHS).filter(lambda path: path[0] != "documents"), any_text)
def test_other_content_never_has_the_same_content_hash(path, text):
    raw = put(path, text)
    result = check(raw, REGISTERS)

    if isinstance(result, Accepted) and json.loads(raw) != FULL:
        assert result.content_hash != accept(orjson.dumps(FULL)).content_hash


@LONGER
@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"")), max_size=8),
       st.sampled_from([b"\n", b"\r\n"]), st.booleans(), st.booleans())  # fmt: skip
def test_every_byte_of_every_line_is_read(lines, end, is_packed, has_last_end):
    data = end.join(lines) + (end if has_last_end else b"")
    if data[:3] == b"\xef\xbb\xbf" or data[:2] == b"\x1f\x8b":
        return
    stream = io.BytesIO(gzip.compress(data) if is_packed else data)

    read = {item.no: item.raw for item in read_lines(stream)}

    wanted = dict(enumerate(data.split(b"\n"), 1))
    assert read == {no: raw for no, raw in wanted.items() if raw.strip(b" \t\r\n")}


@LONGER
@given(st.integers(0, 10_000))
def test_gzip_cut_anywhere_gives_a_prefix(cut):
    text = b"".join(line(external_id=str(no)) + b"\n" for no in range(5))
    packed = gzip.compress(text, mtime=0)
    damaged = packed[: cut % len(packed)]
    read = []
    with contextlib.suppress(UnreadableDelivery):
        read.extend(item.raw for item in read_lines(io.BytesIO(damaged)))

    if damaged[:2] == b"\x1f\x8b":
        assert text.startswith(b"\n".join(read))
