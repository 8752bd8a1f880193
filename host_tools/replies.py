"""What a device's results must look like before anything is done with them (docs/link.md)."""

from typing import Any

from provisioning.errors import Malformed

_NUMBER = range(1 << 32)
_IDENTITY = {
    "device": (8, None),
    "key": (32, None),
    "root": (32, None),
    "board": str,
    "version": str,
    "name": str,
}
_STATUS = {
    "time": (_NUMBER, None),
    "tube": (str, None),
    **dict.fromkeys(("count", "first", "next", "acknowledged", "released"), _NUMBER),
    **dict.fromkeys(("remaining", "capacity", "issuers", "secrets"), _NUMBER),
    "lists": {},
    "site": str,
}
_LATER = {"missing": (str, None), "damaged": [str], "time_kept": bool}  # not of every firmware
_RESULTS = {
    "identify": _IDENTITY,
    "status": _STATUS,
    "set_clock": _NUMBER,
    "install_root": 8,
    "begin": _NUMBER,
    "piece": _NUMBER,
    "commit": (_NUMBER, 8),
    "statement": bytes,
    "raw": bytes,
    "sealing_key": bytes,
    "challenge": 16,
}


def check(operation: str, result: Any) -> None:
    """Raises Malformed for a result that the operation does not have."""
    if operation == "read":
        is_good = _fits(result, [object]) and len(result) == 2
        is_good = is_good and _fits(result[0], _NUMBER) and _fits(result[1], [bytes])
    elif operation == "sectors":
        is_good = _fits(result, [[object]]) and all(
            len(one) == 5
            and all(_fits(number, _NUMBER) for number in one[:3])
            and _fits(one[3], bytes)
            and len(one[3]) in (0, 24)
            and _fits(one[4], bool)
            for one in result
        )
    else:
        is_good = _fits(result, _RESULTS.get(operation, object))
    if is_good and operation == "status":
        is_good = all(_fits(result[key], what) for key, what in _LATER.items() if key in result)
        is_good = is_good and all(
            _fits(kind, str) and _fits(number, _NUMBER) for kind, number in result["lists"].items()
        )
    if not is_good:
        raise Malformed(f"not what {operation} answers")


def _fits(value: Any, what: Any) -> bool:
    """what: a type, bytes of this length, a range, one of several, a list of, a map with these."""
    if isinstance(what, tuple):
        return any(_fits(value, each) for each in what)
    if what is None:
        return value is None
    if isinstance(what, int):
        return isinstance(value, bytes) and len(value) == what
    if isinstance(what, range):
        return type(value) is int and value in what
    if isinstance(what, list):
        return isinstance(value, list) and all(_fits(each, what[0]) for each in value)
    if isinstance(what, dict):
        return isinstance(value, dict) and all(
            key in value and _fits(value[key], each) for key, each in what.items()
        )
    return isinstance(value, what)
