import pytest
from hypothesis import given
from hypothesis import strategies as st

from medcontrol.crypto import ContentTampered, KeyRing

RING = KeyRing.in_memory()


@given(st.binary(max_size=2000), st.binary(max_size=60))
def test_whatever_was_encrypted_is_read_back(content, aad):
    key_id, blob = RING.encrypt(content, aad)

    assert RING.decrypt(key_id, blob, aad) == content


@given(st.binary(max_size=60), st.binary(max_size=30), st.binary(max_size=30))
def test_only_the_same_row_reads_it(content, aad, other):
    key_id, blob = RING.encrypt(content, aad)

    if aad != other:
        with pytest.raises(ContentTampered):
            RING.decrypt(key_id, blob, other)


@given(st.binary(max_size=100))
def test_bytes_that_nobody_encrypted_are_refused(blob):
    with pytest.raises(ContentTampered):
        RING.decrypt(RING.active, blob, b"row")
