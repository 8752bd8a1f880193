"""What staff are told: every reason has its words, and they fit the display."""

from journal import bodies
from ui import screens
from verify.errors import Refused

COLUMNS = 16
ROWS = 7  # one inverted, six more


def shown(screen):
    return [screen.heading] + screen.lines


def test_every_reason_has_words_of_its_own():
    seen = []
    told = [reason for reason in bodies.REASONS[1:] if not reason.startswith("COMMAND")]
    assert len(told) > 20
    for reason in told:
        screen = screens.refused(reason, None, 0, 10)
        assert screen.heading != "REFUSED", reason
        assert screen.heading not in seen, reason
        seen.append(screen.heading)
        assert screen.lines[1], reason


def test_any_other_reason_is_named():
    for reason in ("OTHER", "", "LISTED", "TUBE", "NO_TUBE="):
        screen = screens.refused(reason, None, 0, 10)
        assert shown(screen)[:3] == ["REFUSED", "", "register by ID"]
        assert screen.lines[-1] == reason


def test_what_to_do_next_is_said():
    assert shown(screens.refused("DUPLICATE", "T0000001", 3, 10)) == [
        "ALREADY DONE",
        "",
        "this shift",
        "",
        "T0000001 3/10",
        "",
        "DUPLICATE",
    ]


def test_nothing_is_wider_or_higher_than_the_display():
    made = [screens.starting(), screens.scanner_missing(), screens.fault("x" * 40)]
    made += [screens.refused(reason, "T" * 32, 99, 99) for reason in bodies.REASONS]
    made += [screens.tube_opened("T" * 32, 99, 99)]
    for missing in (None, "trust list"):
        for tube in (None, "T" * 32):
            for time in (None, "14:05"):
                for remaining in (None, 0, 160):
                    made.append(screens.idle(missing, tube, 99, 99, time, remaining))
    for screen in made:
        assert len(shown(screen)) <= ROWS
        assert all(len(line) <= COLUMNS for line in shown(screen))
        assert all(ord(letter) < 128 for line in shown(screen) for letter in line)


def test_reasons_of_the_rules_have_words():
    assert screens.refused(Refused("NO_TUBE").reason, None, 0, 10).heading == "SCAN A TUBE"
