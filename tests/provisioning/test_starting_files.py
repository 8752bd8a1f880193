"""What is deployed as boot.py and main.py: a device that has an owner never falls to the prompt."""

import ast
import sys
import types

import pytest

from provisioning import deploy

FILES = {"boot.py": deploy.BOOT, "main.py": deploy.STARTER}
OWNED, NEW = ["boot.py", "root"], ["boot.py"]


class _Reset(BaseException):
    pass


def _run(text, files, monkeypatch, end=None):
    """What was done, in order. end: what the program ends with."""
    done = []

    def program():
        done.append("run")
        if end is not None:
            raise end

    def reset():
        done.append("reset")
        raise _Reset

    fakes = {
        "micropython": {"kbd_intr": done.append},
        "machine": {"reset": reset},
        "os": {"listdir": lambda: files},
        "time": {"sleep": lambda seconds: done.append("wait")},
        "gc": {"threshold": lambda size: None, "collect": lambda: None},
        "sys": {"print_exception": lambda error: done.append(error)},
        deploy.PROGRAM: {"run": program},
    }
    with monkeypatch.context() as patch:
        for name, contents in fakes.items():
            module = types.ModuleType(name)
            vars(module).update(contents)
            patch.setitem(sys.modules, name, module)
        try:
            exec(compile(text, "text", "exec"), {})
        except _Reset:
            pass
        except BaseException as error:
            done.append(("prompt", error))
    return done


@pytest.mark.parametrize("name", FILES)
def test_ctrl_c_counts_no_more_from_the_first_statement_on(name):
    (guarded,) = ast.parse(FILES[name]).body
    first = [ast.unparse(node) for node in guarded.body[:2]]
    assert first == ["import micropython", "micropython.kbd_intr(-1)"]
    (handler,) = guarded.handlers
    assert ast.unparse(handler.type) == "BaseException"


@pytest.mark.parametrize("name", FILES)
def test_a_device_without_an_owner_can_be_interrupted(name, monkeypatch):
    assert _run(FILES[name], NEW, monkeypatch)[:2] == [-1, 3]
    assert _run(FILES[name], OWNED, monkeypatch)[:2] in ([-1], [-1, "run"])


@pytest.mark.parametrize("end", [ValueError(), KeyboardInterrupt(), SystemExit(), MemoryError()])
def test_whatever_ends_the_program_is_a_reset_once_there_is_an_owner(end, monkeypatch):
    assert _run(deploy.STARTER, OWNED, monkeypatch, end) == [-1, "run", end, "wait", "reset"]
    assert _run(deploy.STARTER, NEW, monkeypatch, end) == [-1, 3, "run", ("prompt", end)]


def test_boot_that_is_interrupted_is_a_reset(monkeypatch):
    text = deploy.BOOT.replace("micropython.kbd_intr(-1)", "raise KeyboardInterrupt")
    assert _run(text, OWNED, monkeypatch)[1:] == ["wait", "reset"]
