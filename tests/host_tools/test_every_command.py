"""What all commands have in common, asked of the program itself."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from host_tools.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
# Records for people (`journal dump`, `devices unproven`: a line of JSON each), and text.
WITHOUT = {"journal show", "journal dump", "trace", "devices unproven"}


def _commands(group, before=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*before, name))
        else:
            yield " ".join((*before, name)), command


COMMANDS = dict(_commands(typer.main.get_command(app)))


def test_there_are_some():
    assert len(COMMANDS) > 25 and set(COMMANDS) > WITHOUT


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - WITHOUT))
def test_a_program_can_use_it(name):
    options = {option for each in COMMANDS[name].params for option in each.opts}
    assert "--json" in options
    assert f"`{name}`" in PAGE.split("## Output for programs")[1]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCANPOST_ROOT", "root.pem")

    def run(*words, code=0):
        result = CliRunner().invoke(app, [*words, "--json"])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if not code else result.stderr

    run("keys", "root", "root.pem")
    return run


@pytest.mark.parametrize(("group", "kind"), [("trust", "issuer"), ("collection", "collection")])
def test_a_signed_list_from_beginning_to_end(run, group, kind):
    assert run(group, "new", "list") == {"sequence": 1}
    assert "--replace" in run(group, "new", "list", code=3)
    kid = run("keys", kind, "key.pem")["kid"]
    assert run(group, "add", "list", "key.pub.pem", "--name", "x") == {"kid": kid, "sequence": 2}
    shown = run(group, "show", "list", "--root-public", "root.pub.pem")
    assert shown["sequence"] == 2 and shown["signature_checked"] is True
    assert not run(group, "show", "list")["signature_checked"]
    assert "No " in run(group, "remove", "list", "00" * 8, code=1)
    assert run(group, "remove", "list", kid) == {"sequence": 3, "left": 0}
    before = Path("list").read_bytes()
    assert "4 or more" in run(group, "new", "list", "--replace", "--sequence", "3", code=1)
    assert Path("list").read_bytes() == before
    assert run(group, "new", "list", "--replace") == {"sequence": 4}
    assert run(group, "new", "list", "--replace", "--sequence", "9") == {"sequence": 9}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell):
    words = {"_SCANPOST_COMPLETE": f"complete_{shell}", "COMP_WORDS": "scanpost tru"}
    words |= {"COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "scanpost tru"}
    words |= {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    result = CliRunner().invoke(app, [], env=words, prog_name="scanpost")
    assert "trust" in result.stdout
