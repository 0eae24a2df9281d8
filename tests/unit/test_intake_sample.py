"""The project's copy of a day of files gives the counts that integrators were promised."""

import orjson

from medcontrol.intake import Accepted, Faulty, check_line, hash_bytes, read_lines
from tests.intake_examples import REGISTERS, SAMPLE


def read_sample():
    with SAMPLE.open("rb") as stream:
        return [(line, check_line(line, REGISTERS)) for line in read_lines(stream)]


def test_the_day_has_513_lines_of_which_eight_are_faulty_each_for_its_own_reason():
    results = read_sample()

    faulty = {
        line.no: [(error.path, error.code) for error in result.errors]
        for line, result in results
        if isinstance(result, Faulty)
    }
    assert len(results) == 513
    assert faulty == {
        14: [("/surprise", "member.unknown")],
        76: [("/insured", "member.missing")],
        163: [("", "json.invalid")],
        240: [("", "message.not_object")],
        293: [("/insured/birth_date", "birth_date.after_receipt")],
        443: [("/flow", "flow.unknown")],
        449: [("/amount", "lines.sum_differs")],
        456: [("/amount", "value.wrong_form")],
    }


def test_of_the_505_lines_that_pass_three_are_duplicates_and_two_are_conflicts():
    first: dict[tuple[str, str], bytes] = {}
    duplicates, conflicts = [], []

    for line, result in read_sample():
        if isinstance(result, Accepted):
            known = first.setdefault((result.source, result.external_id), result.content_hash)
            if known is not result.content_hash:
                (duplicates if known == result.content_hash else conflicts).append(line.no)

    assert (len(first), len(duplicates), len(conflicts)) == (500, 3, 2)


def test_documents_are_decoded_and_no_longer_stand_in_the_message():
    with_documents = [
        result for _, result in read_sample() if isinstance(result, Accepted) and result.documents
    ]

    assert len(with_documents) == 10
    for result in with_documents:
        assert all(item.content.startswith(b"%PDF-") for item in result.documents)
        assert b"content_base64" not in result.body
        assert orjson.loads(result.body) == result.message


def test_faulty_lines_keep_the_identity_that_could_be_read_and_the_hash_of_their_bytes():
    faulty = {line.no: (line, result) for line, result in read_sample()
              if isinstance(result, Faulty)}  # fmt: skip

    assert faulty[14][1].external_id == "AMO-001-00000504"
    assert (faulty[163][1].source, faulty[240][1].external_id) == (None, None)
    for line, result in faulty.values():
        assert result.bytes_hash == hash_bytes(line.raw)
