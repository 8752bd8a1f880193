"""Who may claim which pass, and what of a person a pass may show."""

import re
import unicodedata
from datetime import date

from provisioning.errors import NotAllowed, check_text

OWN, MINOR, ELDER, UNABLE = range(4)
RELATION_NAMES = {"own": OWN, "minor": MINOR, "elder": ELDER, "unable": UNABLE}

MAX_LIFETIME_S = 30 * 86400
MAX_NAME_BYTES = 48
ADULT_YEARS = 18
ELDER_YEARS = 60

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_ROUNDED = re.compile(r"[0-9]\.?[0-9]*E\+?[0-9]+")  # 1.10105E+17
_ID_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")


def mask_name(name: str) -> str:
    """A name as a pass shows it: `张*三`, `李*`; at most 48 bytes of UTF-8. Raises NotAllowed.

    A character is a code point of the name in NFC with the combining marks and variation
    selectors after it (docs/pass.md).
    """
    name = unicodedata.normalize("NFC", name.strip())
    if not name:
        raise NotAllowed("A pass needs its holder's name.")
    if any(_is_no_letter(character) for character in name):
        raise NotAllowed("The name has control characters in it.")
    characters = _characters(name)
    if len(characters) < 3:
        masked = "".join(characters[:-1]) + "*"
    else:
        ends = characters[0] + characters[-1]
        room = max(1, MAX_NAME_BYTES - len(ends.encode()))
        masked = characters[0] + "*" * min(len(characters) - 2, room) + characters[-1]
    check_text("first and the last character of the name", masked, MAX_NAME_BYTES)
    return masked


def _characters(name: str) -> list[str]:
    characters: list[str] = []
    for character in name:
        if characters and unicodedata.category(character)[0] == "M":
            characters[-1] += character
        else:
            characters.append(character)
    return characters


def _is_no_letter(character: str) -> bool:
    """True for what cannot be part of a name.

    Code points that this Python's Unicode does not know yet, and those of private use, are how
    rare names are written before (and after) they get a place in Unicode.
    """
    number = ord(character)
    never = number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF
    return never or unicodedata.category(character) in ("Cc", "Cf", "Cs")


def check_id_number(id_number: str) -> date:
    """The date of birth in a resident ID number (GB 11643-1999). Raises NotAllowed.

    Checks the form, the date and the check character (ISO 7064, MOD 11-2).
    """
    number = id_number.strip().upper()
    if _ROUNDED.fullmatch(number):
        raise NotAllowed("A spreadsheet rounded this ID number: format its column as text first.")
    if not _ID_NUMBER.fullmatch(number):
        raise NotAllowed("An ID number has 17 digits and a digit or X.")
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    if number[17] != _CHECK_CHARACTERS[total % 11]:
        raise NotAllowed("This ID number's check character is wrong: it was mistyped.")
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise NotAllowed("This ID number's date of birth does not exist.") from error


def age_on(birth: date, day: date) -> int:
    """Full years on a day. One born on 29 February is a year older on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def check_relation(relation: int, birth: date | None, day: date) -> None:
    """Raises NotAllowed if the pass may not be claimed like this on that (local) day."""
    if birth is not None and birth > day:
        raise NotAllowed("The date of birth is in the future.")
    if relation in (OWN, UNABLE):
        return
    if birth is None:
        raise NotAllowed("For a minor or an elder the ID number or the date of birth is needed.")
    age = age_on(birth, day)
    if relation == MINOR and age >= ADULT_YEARS:
        raise NotAllowed(f"Only for a holder under {ADULT_YEARS}; this one is {age}.")
    if relation == ELDER and age < ELDER_YEARS:
        raise NotAllowed(f"Only for a holder of {ELDER_YEARS} or older; this one is {age}.")


def check_validity(issued_at: int, not_before: int, expires_at: int) -> None:
    """Raises NotAllowed for times (Unix seconds) that a pass may not have."""
    if not 0 <= issued_at <= not_before < expires_at < 1 << 32:
        raise NotAllowed("A pass ends after it begins, and begins no earlier than it is issued.")
    if expires_at - issued_at > MAX_LIFETIME_S:
        raise NotAllowed("A pass is good for 30 days from its issue at most.")
