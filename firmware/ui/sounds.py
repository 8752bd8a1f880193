"""What each outcome sounds like: (hertz, milliseconds) pairs, 0 hertz for silence.

Told apart by ear in a noisy hall, so they differ in length and rhythm, not in pitch alone.
"""

ACCEPTED = ((2400, 120),)
TUBE = ((1600, 60), (0, 40), (2400, 60))
DUPLICATE = ((1600, 80), (0, 60), (1600, 80))
REFUSED = ((400, 180), (0, 80), (400, 180), (0, 80), (400, 180))
# Half a code came, or one that was cut: nothing is decided, hold it there once more.
AGAIN = ((1600, 40), (0, 40), (1600, 40), (0, 40), (1600, 40), (0, 40), (1600, 40))
# The device itself can go on no more, with anybody: one long falling tone, heard over a queue.
STOPPED = ((800, 400), (400, 800))


def of_refusal(reason):
    """The sound for a reason of refusal."""
    if reason == "DUPLICATE":
        return DUPLICATE
    if reason == "HALF_CODE":
        return AGAIN
    return STOPPED if reason in ("JOURNAL_FULL", "STORAGE") else REFUSED
