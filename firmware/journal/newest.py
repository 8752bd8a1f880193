"""What the newest records say, read for a host: when the last was written, how many of a kind."""

from journal import layout


def newest_minute(ring):
    """The minute of the newest record that has one; 0 where there is none."""
    index = ring.head
    while index >= 0 and ring.is_kept(index):
        minute = 0
        for _, record in ring.records(index):
            minute = layout.read_record_header(record)[4] or minute
        if minute:
            return minute
        index = ring.before(index) if index != ring.tail else -1
    return 0


def count_since(ring, kind, minute):
    """How many records of a type the two newest sectors have since a minute, or without one."""
    index = ring.head
    found = 0
    for _ in range(2):
        if index < 0 or not ring.is_kept(index):
            break
        for _, record in ring.records(index):
            written = layout.read_record_header(record)[4]
            if record[1] == kind and (written >= minute or not written):
                found += 1
        index = ring.before(index) if index != ring.tail else -1
    return found
