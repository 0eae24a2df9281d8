"""The queue over HTTP."""

from tests.pages.desk import Fund, texts


def test_queue_lists_what_is_in_my_hands(fund: Fund) -> None:
    reference = fund.take()

    page = fund.doctor().page("/queue")

    assert texts(page, "//tbody//th//bdi") == [reference]
