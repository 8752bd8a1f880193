"""UTF-8 checked by hand (RFC 3629): MicroPython's own decoding lets some broken forms through."""


def is_valid(data):
    """True if these bytes are UTF-8: shortest forms only, no surrogates, at most U+10FFFF."""
    index = 0
    length = len(data)
    while index < length:
        first = data[index]
        index += 1
        if first < 0x80:
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= first <= 0xDF:
            more = 1
        elif 0xE0 <= first <= 0xEF:
            more = 2
            if first == 0xE0:
                low = 0xA0
            elif first == 0xED:
                high = 0x9F
        elif 0xF0 <= first <= 0xF4:
            more = 3
            if first == 0xF0:
                low = 0x90
            elif first == 0xF4:
                high = 0x8F
        else:
            return False
        if index + more > length:
            return False
        for _ in range(more):
            if not low <= data[index] <= high:
                return False
            low, high = 0x80, 0xBF
            index += 1
    return True
