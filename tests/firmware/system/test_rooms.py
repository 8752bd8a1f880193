"""Rooms: modules that are loaded when they are needed, and forgotten after some silence."""

import asyncio
import sys

import device_time  # noqa: F401 - gives CPython the ticks of MicroPython
from system import rooms

# Two small modules of the firmware that nothing else here has loaded
NAMES = ("drivers.led", "drivers.buzzer")


class _Clock:
    """Sets the room's time forward."""

    def __init__(self):
        self.now_ms = 0
        self.time = rooms.time

    def ticks_ms(self):
        return self.now_ms

    def ticks_add(self, ticks, delta):
        return self.time.ticks_add(ticks, delta)

    def ticks_diff(self, later, earlier):
        return self.time.ticks_diff(later, earlier)


def _with_clock(test):
    clock = _Clock()
    for room in rooms.ALL:
        room.close()  # other tests have been there, at another time
    rooms.time = clock
    try:
        test(clock)
    finally:
        rooms.time = clock.time


def _is_loaded(names=NAMES):
    return [name for name in names if name in sys.modules]


def test_a_room_is_loaded_and_forgotten():
    room = rooms.Room(*NAMES)
    asyncio.run(room.load())
    assert _is_loaded() == list(NAMES) and room.is_open() and not room.is_silent()
    led = sys.modules["drivers.led"]
    room.content = led
    room.close()
    assert _is_loaded() == [] and not room.is_open() and room.content is None
    assert not hasattr(sys.modules["drivers"], "led")
    room.close()  # again changes nothing
    from drivers import led as again

    assert again is not led
    room.close()


def test_it_stays_open_until_it_is_silent():
    def test(clock):
        room = rooms.Room(*NAMES)
        assert room.is_silent()  # nobody ever entered
        room.enter()
        clock.now_ms += rooms.SILENCE_MS - 1
        assert not room.is_silent()
        room.enter()
        clock.now_ms += rooms.SILENCE_MS - 1
        assert not room.is_silent()
        clock.now_ms += 1
        assert room.is_silent()

    _with_clock(test)


def test_a_long_stay_is_not_cut_short_by_a_shorter_one():
    def test(clock):
        used = rooms.Room("drivers.led")
        room = rooms.Room("drivers.buzzer", uses=(used,))
        room.enter(60000)
        used.enter()
        room.enter()
        clock.now_ms += 59999
        assert not room.is_silent() and not used.is_silent()
        clock.now_ms += 1
        assert room.is_silent() and used.is_silent()

    _with_clock(test)


def test_the_silent_ones_of_all_rooms_are_closed():
    def test(clock):
        assert not rooms.close_silent()
        rooms.EPOCH.enter()
        from crypto import hpke, preparation  # noqa: F401 - the second without a word

        assert rooms.EPOCH.is_open() and rooms.TABLES.is_open()
        assert rooms.close_silent()
        assert rooms.EPOCH.is_open() and not rooms.TABLES.is_open()
        clock.now_ms += rooms.SILENCE_MS
        assert rooms.close_silent()
        assert not rooms.EPOCH.is_open()

    _with_clock(test)


def test_each_module_is_in_one_room():
    names = [name for room in rooms.ALL for name in room.modules]
    assert len(names) == len(set(names))
    for room in rooms.ALL:
        assert all(used in rooms.ALL for used in room.uses)
