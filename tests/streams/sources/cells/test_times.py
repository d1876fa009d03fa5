"""Times in every form that dumps write them, and those that are refused."""

import polars as pl
import pytest

from streams.sources.cells.times import text_seconds, time_advice, times, unix_seconds

AT = 1_700_000_963  # 2023-11-14T22:29:23Z
MINUTE = AT - 23
DAY = AT - (AT % 86_400)


def read(*written):
    return times(pl.Series(written, dtype=pl.String)).to_list()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1700000963", AT),
        ("1700000963.7", AT),
        ("1700000963000", AT),
        ("1700000963000.0", AT),
        ("1700000963000000", AT),
        ("1700000963000000000", AT),
        ("1.700000963E+09", AT),
        ("1.700000963e12", AT),
        ("45244.937072", AT),
        ("45244", DAY),
        ("2023-11-14T22:29:23Z", AT),
        ("2023-11-14t22:29:23z", AT),
        ("2023-11-14T22:29:23.999Z", AT),
        ("2023-11-14T22:29:23,999Z", AT),
        ("2023-11-14T22:29:23+0000", AT),
        ("2023-11-14T22:29:23+00", AT),
        ("2023-11-14 22:29:23.123456+00", AT),
        ("2023-11-15T01:30:23+03:01", AT),
        ("2023-11-14T22:29Z", MINUTE),
        ("2023-11-14 22:29", MINUTE),
        ("  2023-11-14 22:29:23 ", AT),
        ("2023-11-14", DAY),
        ("20231114", DAY),
        ("20231114T222923Z", AT),
        ("20231114222923", AT),
        ("2023/11/14 22:29:23", AT),
        ("2023-11-14 10:29:23 PM", AT),
        ("2023-11-14 22:29:23 UTC", AT),
        ("2023-11-14 22:29:23 +0000 UTC", AT),
        ("2023-11-14 17:29:23 EST", AT),
        ("2023-11-14 18:29:23 EDT", AT),
        ("2023-11-14 23:29:23 CET", AT),
        ("2023-11-14 19:29:23 BRT", AT),
        ("2023-11-15 05:29:23 WIB", AT),
        ("2023-11-15 07:59:23 ACST", AT),
        ("Tue, 14 Nov 2023 22:29:23 GMT", AT),
        ("Ter, 14 Nov 2023 19:29:23 -0300", AT),
        ("Seg, 24 Set 2018 19:42:40 -0300", 1_537_828_960),
        ("terça-feira, 14 novembro 2023 22:29:23", AT),
        ("mié., 27 dic. 2023 10:00", 1_703_671_200),
        ("Do, 05 Okt 2023 22:00:00 +0200", 1_696_536_000),
        ("5. März 2023 10:00", None),
        ("ven., 04 août 2023 10:00:00 +0200", 1_691_136_000),
        ("lun, 05 giu 2023 10:00", 1_685_959_200),
        ("пн, 05 июн 2023 13:00:00 +0300", 1_685_959_200),
        ("Ter, 14 Xyz 2023 19:29:23 -0300", None),
        ("14 Nov 2023 17:29:23 -0500", AT),
        ("Tuesday, 14-Nov-2023 22:29:23 GMT", AT),
        ("Tue Nov 14 22:29:23 +0000 2023", AT),
        ("Tue Nov 14 22:29:23 2023", AT),
        ("Nov 14, 2023 at 10:29 PM", MINUTE),
        ("November 14, 2023", DAY),
        ("14.11.2023, 22:29:23", AT),
        ("14.11.2023 22:29", MINUTE),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2024-02-29 00:00:00", 1_709_164_800),
        ("11:29 PM", None),
        ("2023-02-29", None),
        ("2023-02-31 10:00", None),
        ("2023-11-14T25:00:00", None),
        ("2023-11-14 13:29 PM", None),
        ("11/14/2023 10:29 PM", None),
        ("2023-11-14 22:29:23 IST", None),
        ("2023-11-14 22:29:23 CST", None),
        ("1.70e+09", None),
        ("1.7E+12", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_given_a_time_in_writing_when_read_then_it_is_utc_or_refused(written, seconds):
    others = ["2023-11-14T22:29:23Z", "14.11.2023 22:29"]
    assert read(others[0], written, others[1]) == [AT, seconds, MINUTE]


def test_given_no_times_when_read_then_nothing_fails():
    assert read() == []
    assert read(None) == [None]


def test_given_zone_names_in_a_pattern_when_read_then_they_shift_the_time_or_are_refused():
    written = ["2023-11-14 17:29:23 EST", "2023-11-14 18:29:23 EDT", "2023-11-14 22:29:23 IST"]
    assert text_seconds(pl.Series(written), "%Y-%m-%d %H:%M:%S %Z").to_list() == [AT, AT, None]
    written = ["2023-11-14 19:29:23 BRT", "2023-11-15 07:29:23 WITA"]
    assert text_seconds(pl.Series(written), "%Y-%m-%d %H:%M:%S %Z").to_list() == [AT, AT + 3_600]


def test_given_a_unit_when_numbers_are_read_then_they_are_seconds():
    assert unix_seconds(pl.Series(["1700000963999", "1.7e12", "x", None]), 1_000).to_list() == [
        AT,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("11/14/2023 10:29 PM", 'time_format = "%m/%d/%Y %I:%M %p"'),
        ("14/11/2023 22:29:23", 'time_format = "%d/%m/%Y %H:%M:%S"'),
        ("03/04/2024", "%d/%m/%Y if the day comes first"),
        ("2023-11-14 22:29:23 IST", "IST is no zone of one meaning"),
        ("1.70E+09", "has lost its last digits"),
        ("soon", "time_format"),
    ],
)
def test_given_a_time_that_is_not_read_when_advice_is_asked_for_then_it_names_the_remedy(written, advice):
    assert advice in time_advice(written)
