"""The firmware's house: arrows go one way, the domain knows no hardware, rooms stay shut."""

import pytest
from system import rooms

from tests import imports

# From the top down. A module may import from layers below its own, and within its package. Names
# are of modules or packages; the longest that fits counts.
LAYERS = [
    {"main"},
    {"system.device", "system.starting", "system.hardware", "system.machine_code"},
    {"link"},
    {"app"},
    {"keeping", "journal"},
    {"system.scrub"},
    {"verify"},
    {"ui", "drivers"},
    {"crypto"},
    {"system"},
]
DOMAIN = {"verify", "crypto", "journal", "app", "link", "keeping", "ui"}
HARDWARE = {"machine", "esp32", "board"}
# What of drivers/ is data and promises, no driver
INTERFACES = {"drivers.scanner"}


def _layer(name):
    fitting = [
        (len(place), number)
        for number, layer in enumerate(LAYERS)
        for place in layer
        if name == place or name.startswith(place + ".")
    ]
    return max(fitting)[1]


def _package(name):
    return name.partition(".")[0]


@pytest.mark.parametrize("name", sorted(imports.TREES))
def test_arrows_go_down(name):
    for other in imports.ever(name):
        same = _package(name) == _package(other) and _layer(name) == _layer(other)
        assert same or _layer(other) > _layer(name), f"{name} imports {other}"


@pytest.mark.parametrize("name", sorted(imports.TREES))
def test_the_domain_knows_no_hardware(name):
    if _package(name) in DOMAIN:
        assert not imports.all_of(name) & HARDWARE
        drivers = {other for other in imports.ever(name) if _package(other) == "drivers"}
        assert drivers <= INTERFACES


def _reached(name):
    found, waiting = set(), [name]
    while waiting:
        for other in imports.ever(waiting.pop()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def test_there_is_no_circle():
    """Not over imports inside functions either."""
    assert [name for name in imports.TREES if name in _reached(name)] == []


def _open_with(room):
    """The rooms that are open while this one is."""
    return {room}.union(*(_open_with(used) for used in room.uses))


def test_a_room_is_loaded_by_those_in_it_alone():
    room_of = {name: room for room in rooms.ALL for name in room.modules}
    assert room_of.keys() <= imports.TREES.keys()
    for name in imports.TREES:
        home = room_of.get(name)
        for other in imports.as_loaded(name):
            if other not in room_of:
                continue
            assert home is not None, f"{name} has {other} loaded, which is in a room"
            assert room_of[other] in _open_with(home), f"{name}: {other}"


def test_a_rooms_modules_come_in_the_order_in_which_they_need_each_other():
    for room in rooms.ALL:
        for number, name in enumerate(room.modules):
            assert not imports.as_loaded(name) & set(room.modules[number + 1 :]), name
