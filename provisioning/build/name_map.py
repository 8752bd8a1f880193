"""What the names in a build were in the sources: kept beside it, for whoever reads a traceback.

    {"files": {"UP.mpy": [["journal/ring.py", 2], ["journal/writer.py", 1]]},
     "functions": {"UP.mpy": {"scl": [["journal/ring.py", "Ring.append", 120]]}},
     "names": {"scl": "append"}}

A file's sources stand in the order in which they were joined (linking.py), each with how many
functions, classes and the like it has at its top: so tools know which is whose.

A function's line is that of its `def` in the source; there may be several of a name in a file.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.build.program import Program, scopes_at_the_top
from provisioning.errors import FileProblem

if TYPE_CHECKING:
    from provisioning.build.naming import Naming

# As MicroPython writes it: `  File "journal.mpy", line 1, in append`; with -O3 no line is known.
_FRAME = re.compile(r'File "(?P<file>[^"]+)"(?:, line (?P<line>\d+))?(?:, in (?P<name>\S+))?')
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class MapProblem(FileProblem):
    """The map of names cannot be used. The message says what to do."""


@dataclass
class NameMap:
    """files: path on the device -> paths in firmware/, with their shares. functions: path on the
    device -> name -> where: path in firmware/, name there, line."""

    files: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    functions: dict[str, dict[str, list[tuple[str, str, int]]]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, program: Program, naming: "Naming") -> "NameMap":
        """The map of a program before `naming` is applied to it."""
        origins = program.origins
        found = cls(names={new: origins.get(old, old) for old, new in naming.names.items()})
        for name, module in program.modules.items():
            file = f"{naming.modules[name]}.mpy"
            found.files[file] = module.parts or [
                (module.place, scopes_at_the_top(module.tree.body))
            ]
            where = found.functions.setdefault(file, {})
            for place, qualified, node in _functions(module.tree, ""):
                short = (naming.names | naming.narrow).get(node.name, node.name)
                where.setdefault(short, []).append((place, qualified, node.lineno))
        return found

    def save(self, path: Path) -> None:
        """Writes it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n", "ascii")

    @classmethod
    def load(cls, path: Path) -> "NameMap":
        """Reads it. Raises MapProblem."""
        try:
            read = json.loads(path.read_text("ascii"))
            found = cls(read["files"], read["functions"], read["names"])
            found._check()
            return found
        except OSError as error:
            raise MapProblem(f"{path} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise MapProblem(
                f"{path} is no map of names; it is made beside the build, as BUILD.names.json."
            ) from error

    def _check(self) -> None:
        """Raises ValueError, TypeError, AttributeError, KeyError for what no build writes."""
        texts = [*self.names, *self.names.values()]
        for file, sources in self.files.items():
            if not sources:
                raise ValueError("a file without sources")
            texts += [file, *(source for source, _ in sources)]
            for name, places in self.functions[file].items():
                texts += [name]
                for source, qualified, line in places:
                    texts += [source, qualified, str(int(line))]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("something else than text")

    def readable(self, text: str) -> str:
        """A device's output with its tracebacks in the sources' names; all else as it was."""
        return "\n".join(self._line(line) for line in text.split("\n"))

    def _line(self, line: str) -> str:
        frame = _FRAME.search(line)
        if frame is None:
            return self._error(line)
        file = frame["file"].lstrip("/")
        if file not in self.files:
            return line
        name = frame["name"]
        places = self.functions[file].get(name or "", [])
        if places:
            known = " or ".join(
                f'File "firmware/{source}", in {qualified} (line {at})'
                for source, qualified, at in places
            )
        else:
            sources = [source for source, _ in self.files[file]]
            whole = f"firmware/{sources[0]}" if len(sources) == 1 else f"{file} (all of it)"
            known = f'File "{whole}", in {self.names.get(name or "", name or "")}'
        return f"{line[: frame.start()]}{known}{line[frame.end() :]}"

    def _error(self, line: str) -> str:
        """The last line of a traceback: `Name: text`, if the name is one of the firmware's."""
        word = _WORD.match(line)
        if word is None or word[0] not in self.names:
            return line
        if line[word.end() :][:1] not in ("", ":", "\r"):
            return line
        return self.names[word[0]] + line[word.end() :]


def _functions(
    tree: ast.AST, prefix: str
) -> Iterator[tuple[str, str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """(path of the source, name in it with that of its class, the function as it is now)"""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            place, name = source_of(node)
            if not isinstance(node, ast.ClassDef):
                yield place, prefix + name, node
            yield from _functions(node, f"{prefix}{name}.")
        else:
            yield from _functions(node, prefix)


def source_of(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> tuple[str, str]:
    """Where a function or class stands, and its name there."""
    return node.source  # type: ignore[union-attr]  # Program.add puts it there
