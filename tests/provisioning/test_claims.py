"""Rules of claiming, masking, ID numbers."""

from datetime import date

import pytest

from provisioning import claims
from provisioning.errors import NotAllowed


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三丰", "张*丰"),
        ("李四", "李*"),
        ("王", "*"),
        ("欧阳震华", "欧**华"),
        (" 李四 ", "李*"),
        ("买买提·艾力", "买****力"),
        # not yet, or never, in the tables of this Python: rare names are written with them
        ("张\U0003fffd三", "张*三"),
        ("\ue123小明", "\ue123*明"),
        ("李\U000f0000", "李*"),
        # marks and variation selectors belong to the letter before them
        ("葛\U000e0100城", "葛\U000e0100*"),
        ("王小葛\U000e0100", "王*葛\U000e0100"),
        ("བོད་པ", "བོ**པ"),
        ("e\u0301te\u0301", "é*é"),
        ("A" * 60, "A" + "*" * 46 + "A"),
        ("\U00020000" + "x" * 60 + "\U00020000", "\U00020000" + "*" * 40 + "\U00020000"),
    ],
)
def test_masking(name, masked):
    assert claims.mask_name(name) == masked
    assert len(masked.encode()) <= 48


NO_NAMES = ("", "  ", "a\nb", "a\x00b", "a\u202eb", "a\ud800b", "a\ufffeb", "a\U0010ffff")


@pytest.mark.parametrize("name", [*NO_NAMES, "a" + "\u0334" * 40 + "b"])
def test_names_that_are_none(name):
    with pytest.raises(NotAllowed):
        claims.mask_name(name)


def test_id_numbers():
    # the standard's own example
    assert claims.check_id_number("11010519491231002X") == date(1949, 12, 31)
    assert claims.check_id_number(" 11010519491231002x") == date(1949, 12, 31)
    for wrong in ("11010519491231002", "110105194912310020", "", "１１０１０５19491231002X"):
        with pytest.raises(NotAllowed):
            claims.check_id_number(wrong)


def test_an_id_number_that_a_spreadsheet_rounded():
    with pytest.raises(NotAllowed, match="as text"):
        claims.check_id_number("1.10105E+17")


def test_ages_at_their_edges():
    assert claims.age_on(date(2004, 4, 10), date(2022, 4, 9)) == 17
    assert claims.age_on(date(2004, 4, 10), date(2022, 4, 10)) == 18
    assert claims.age_on(date(2004, 2, 29), date(2022, 2, 28)) == 17
    assert claims.age_on(date(2004, 2, 29), date(2022, 3, 1)) == 18
    day = date(2022, 4, 9)
    claims.check_relation(claims.MINOR, date(2004, 4, 10), day)
    claims.check_relation(claims.ELDER, date(1962, 4, 9), day)
    for relation, birth in (
        (claims.MINOR, date(2004, 4, 9)),
        (claims.ELDER, date(1962, 4, 10)),
        (claims.OWN, date(2022, 4, 10)),
    ):
        with pytest.raises(NotAllowed):
            claims.check_relation(relation, birth, day)


def test_thirty_days_and_no_second_more():
    claims.check_validity(1000, 1000, 1000 + 2_592_000)
    for times in ((1000, 1000, 1000 + 2_592_001), (5, 5, 5), (5, 4, 6), (5, 6, 6), (-1, 0, 9)):
        with pytest.raises(NotAllowed):
            claims.check_validity(*times)
