"""`make demo`: from a QR picture to a row in a database, told step by step.

Does what a person would do, with the `scanpost` command and pictures, and checks each answer.
Ends with code 1 if any of it is not as it should be. Needs nothing but the installed project.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

import zxingcpp
from PIL import Image
from rich.console import Console

from host_tools import demo_passes
from host_tools.demo_passes import Bad
from host_tools.store import Store

DAY_S = 86400
TABLES_S = 60  # after which a device has made its tables of points
PAUSE_S = 3  # after which it has done what it puts off until the queue has passed
GOOD_SOUND = [[2400, 120]]  # one long high tone; no other outcome sounds like it
TUBE_SIZE = 5
KEPT = Path(".demo")
SCREEN_OF = {  # the first line of the device's screen, by the reason of refusal
    "NO_TUBE": "SCAN A TUBE",
    "DUPLICATE": "ALREADY DONE",
    "TUBE_USED": "TUBE USED",
    "FULL": "TUBE FULL",
    "UNKNOWN_CODE": "NOT A PASS",
    "UNKNOWN_KEY": "UNKNOWN ISSUER",
    "BAD_SIGNATURE": "FORGED PASS",
    "LIFETIME": "PASS TOO LONG",
    "NOT_YET": "NOT VALID YET",
    "EXPIRED": "PASS EXPIRED",
    "REVOKED": "PASS REVOKED",
}
PEOPLE = (  # file, name, what `scanpost issue` is told besides, whose pass it is
    ("own", "张三丰", "--relation own --birth 1990-05-17", "a person's own"),
    ("child", "王小明", "--relation minor --birth 2018-05-01", "a child's, claimed by a relative"),
    ("elder", "陈秀", "--relation elder --id-number 11010519491231002X", "a 76-year-old's"),
    ("unable", "欧阳明", "--relation unable --birth 1980-02-03", "of one who cannot apply alone"),
)

console = Console(highlight=False, soft_wrap=True)


class Wrong(Exception):
    """Something is not as it should be."""


def fail(message: str) -> NoReturn:
    raise Wrong(message)


def step(number: int, title: str) -> None:
    console.print(f"\n[bold]{number}. {title}[/bold]")


def say(text: str) -> None:
    console.print(f"   {text}", markup=False)


class Demo:
    """One run in a folder of its own."""

    def __init__(self, folder: Path, runtime: str) -> None:
        self.folder = folder
        self.runtime = runtime
        self.device = folder / "device"
        self.now = int(time.time())
        self.registered: dict[str, list[str]] = {}  # tube -> subjects
        self.refused: Counter[str] = Counter()
        self.tube = ""

    def scanpost(self, *words: str | Path | int, expect: int = 0) -> str:
        """Runs the command in the demo's folder; its standard output."""
        command = [sys.executable, "-m", "host_tools.cli", *map(str, words)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode != expect:
            fail(
                f"scanpost {' '.join(map(str, words))} ended with {done.returncode}:\n"
                f"{done.stdout}{done.stderr}"
            )
        return done.stdout

    def scanpost_json(self, *words: str | Path | int) -> Any:
        return json.loads(self.scanpost(*words, "--json"))

    # -- the office ---------------------------------------------------------------------

    def make_keys(self) -> None:
        step(1, "Keys: a root, an Ed25519 issuer, two HMAC issuers; and a trust list")
        since = time.strftime("%Y-%m-%d", time.localtime(self.now - 60 * DAY_S))
        self.scanpost("keys", "root", "root.pem")
        self.scanpost("keys", "issuer", "city.pem")
        self.scanpost("keys", "hmac", "school.json")
        self.scanpost("keys", "hmac", "clinic.json", "--short")
        self.scanpost("trust", "new", "trust.cbor", "--root", "root.pem")
        for file, name in (
            ("city.pub.pem", "City"),
            ("school.json", "School"),
            ("clinic.json", "Clinic"),
        ):
            words = ("trust", "add", "trust.cbor", file, "--root", "root.pem")
            kid = self.scanpost_json(*words, "--name", name, "--from", since)["kid"]
            say(f"{name:7} kid {kid}  {file}")
        self.scanpost(
            *("settings", "settings.cbor", "--root", "root.pem", "--site", "Demo hall"),
            *("--tube-size", TUBE_SIZE, "--device-name", "demo-1", "--tube-pattern", "T#######"),
        )

    def make_collection(self) -> None:
        say("and who may open journals, who may empty devices:")
        self.scanpost("keys", "collection", "laboratory.pem")
        self.scanpost("collection", "new", "collection.cbor", "--root", "root.pem")
        words = ("collection", "add", "collection.cbor", "laboratory.pub.pem", "--root", "root.pem")
        kid = self.scanpost_json(*words, "--name", "Laboratory")["kid"]
        say(f"{'Lab':7} kid {kid}  laboratory.pem (collection key)")
        self.scanpost("keys", "operator", "li.pem")
        made_by = ("operator", "issue", "li.cwt", "li.pub.pem", "--root", "root.pem")
        who = ("--name", "Li", "--role", "collect", "--role", "clock")
        kid = self.scanpost_json(*made_by, *who)["kid"]
        say(f"{'Li':7} kid {kid}  li.pem (operator: collects, sets clocks)")

    def issue_passes(self) -> dict[str, str]:
        """Good passes as pictures; returns subject by file name."""
        step(2, "Passes as PNG pictures")
        subjects = {}
        for file, name, words, whose in PEOPLE:
            made = self._issue("city.pem", file, name, words)
            subjects[file] = made["subject"]
            say(f"{file}.png: {whose} ({made['name_hint']}, ID ..{made['id_hint'] or '-'})")
        for file, key in (("pupil", "school.json"), ("patient", "clinic.json")):
            subjects[file] = self._issue(key, file, "李雷", "--relation own")["subject"]
            say(f"{file}.png: signed by HMAC, {key}")
        self.scanpost(
            *("issue", "--key", "city.pem", "--name", "周大", "--relation", "minor"),
            *("--birth", "1990-01-01", "--out", "refused.png"),
            expect=1,
        )
        say("a minor's pass for a grown-up: scanpost issue refuses it")
        return subjects

    def _issue(self, key: str, file: str, name: str, words: str) -> Any:
        out = f"{file}.png"
        return self.scanpost_json(
            "issue", "--key", key, "--name", name, *words.split(), "--out", out
        )

    def make_bad_passes(self) -> list[Bad]:
        signer = demo_passes.load_signer(self.folder / "city.pem")
        bad = demo_passes.bad_passes(signer, self.now)
        gone = demo_passes.revoked(signer, self.now)
        self.scanpost("revoke", "revoked.cbor", gone.text, "--root", "root.pem")
        # A device answers these before it looks for a pass in them.
        others = [one._replace(reason="UNKNOWN_CODE") for one in demo_passes.other_codes()]
        for one in (*bad, gone, *others):
            demo_passes.save_picture(one.text, self.folder / f"{one.name}.png")
        say("and bad ones: " + ", ".join(one.name for one in (*bad, gone, *others)))
        return [*bad, gone, *others]

    # -- the device ---------------------------------------------------------------------

    @property
    def port(self) -> str:
        return str(self.device / "port")

    def start_device(self) -> None:
        step(3, f"A simulated device ({self.runtime}), provisioned over its serial port")
        self.scanpost("sim", "start", "--folder", self.device, "--runtime", self.runtime)
        self.scanpost(
            *("provision", "--port", self.port, "--root-public", "root.pub.pem"),
            *("--trust", "trust.cbor", "--settings", "settings.cbor", "--revoked", "revoked.cbor"),
            *("--collection", "collection.cbor"),
            *("--secret", "school.json", "--secret", "clinic.json", "--root", "root.pem"),
        )
        status = self.scanpost_json("status", "--port", self.port)
        say(f"device {status['device']['device']}, {status['status']['issuers']} issuers")
        if status["status"]["issuers"] != 3 or status["status"]["secrets"] != 2:
            fail(f"the device did not keep what it was given: {status}")
        # It makes its tables of points meanwhile; afterwards only records are written.
        self.scanpost("sim", "wait", TABLES_S, "--folder", self.device)

    def show(self, picture: str, *more: str | int, expect: int = 0) -> Any:
        words = ("sim", "show", f"{picture}.png", "--folder", self.device, "--json", *more)
        return json.loads(self.scanpost(*words, expect=expect))

    def open_tube(self, tube: str) -> None:
        code = zxingcpp.create_barcode(tube, zxingcpp.BarcodeFormat.Code128)
        Image.fromarray(code.to_image(scale=3)).save(self.folder / f"{tube}.png")
        answer = self.show(tube)
        self._tell(tube, answer)
        if answer["lines"][0] != "TUBE OPEN" or answer["lights"] != ["green"]:
            fail(f"tube {tube} was not opened")
        self.tube = tube
        self.registered[tube] = []

    def register(self, picture: str, subject: str) -> None:
        answer = self.show(picture)
        self._tell(picture, answer)
        self.registered[self.tube].append(subject)
        if answer["lines"][0] != f"OK  {len(self.registered[self.tube])}":
            fail(f"{picture} was not registered")
        if answer["lights"] != ["green"] or answer["sound"] != GOOD_SOUND:
            fail(f"{picture}: not the good sound and the green light, but {answer['sound']}")

    def refuse(self, picture: str, reason: str) -> None:
        answer = self.show(picture)
        self._tell(picture, answer)
        if answer["lines"][0] != SCREEN_OF[reason] or answer["lights"] != ["red"]:
            fail(f"{picture} was not refused with {reason}")
        if answer["sound"] == GOOD_SOUND:
            fail(f"{picture} was refused with the good sound")
        self.refused[reason] += 1

    def _tell(self, picture: str, answer: Any) -> None:
        sound = " ".join(str(hertz) if hertz else "-" for hertz, _ in answer["sound"])
        colour = "green" if answer["lights"] == ["green"] else "red"
        lines = " | ".join(answer["lines"])
        console.print(f"   {picture + '.png':16} [{colour}]{lines}[/]  (tones {sound})")

    def cut_power(self, picture: str, subject: str) -> None:
        step(5, "The power fails in the middle of a flash write")
        before = self.scanpost_json("status", "--port", self.port)["status"]["next"]
        self.scanpost("sim", "wait", PAUSE_S, "--folder", self.device)
        self.scanpost("sim", "power", "cut", "--folder", self.device)
        answer = self.show(picture, "--pause-ms", 0, expect=1)
        if answer["powered"] or answer["reacted"]:
            fail("the device answered although its power had failed")
        say(f"{picture}.png: the power failed while it was being written; no beep")
        self.scanpost("sim", "power", "on", "--folder", self.device)
        status = self.scanpost_json("status", "--port", self.port)["status"]
        say(f"on again: tube {status['tube']} is open with {status['count']} people")
        if status["tube"] != self.tube or status["count"] != len(self.registered[self.tube]):
            fail("the device does not know its tube any more")
        if status["time"] is None or status["next"] < before:
            fail("the device lost its clock or its place in the journal")
        self.register(picture, subject)

    # -- the database -------------------------------------------------------------------

    def pull(self, *words: str) -> Any:
        pulled = self.scanpost_json(
            *("pull", "--port", self.port, "--db", "registrations.db"),
            *("--collection-key", "laboratory.pem", "--operator", "li.pem"),
            *("--credential", "li.cwt", *words),
        )
        upto = pulled["acknowledged"]
        say(
            f"pulled {pulled['new']} new records, opened and verified {pulled['opened']}; "
            + (f"acknowledged up to {upto}" if upto is not None else "nothing to acknowledge")
        )
        if pulled["damages"] or pulled["elsewhere"] or pulled["problems"]:
            fail(f"records are missing or altered: {pulled}")
        return pulled

    def look_as_a_thief(self, subjects: dict[str, str]) -> None:
        counted = self.scanpost_json("sim", "status", "--folder", self.device)
        step(7, "What a thief reads from the chip's flash, as esptool would")
        self.scanpost("sim", "stop", "--folder", self.device)
        flash = (self.device / "flash.bin").read_bytes()
        for file, subject in subjects.items():
            if bytes.fromhex(subject) in flash or subject.encode() in flash:
                fail(f"the subject of {file} lies in the flash")
        for _, name, _, _ in PEOPLE:
            if name.encode() in flash:
                fail(f"the name {name} lies in the flash")
        say(
            f"{len(flash) // 1024} KB: no name, no subject; the journal is sealed to laboratory.pem"
        )
        # The same in every run: simulated time does not depend on this computer's speed.
        programs, erases = counted["flash"]["programs"], counted["flash"]["erases"]
        say(f"the device worked for {counted['now_ms']} ms: {programs} writes, {erases} erases")

    def check_database(self) -> None:
        store = Store(self.folder / "registrations.db")
        found: dict[str, list[str]] = {}
        for row in store.registrations():
            found.setdefault(row["tube"], []).append(row["subject"].hex())
            if row["position"] != len(found[row["tube"]]):
                fail(f"positions in tube {row['tube']} are not in order")
        refusals = store.refusals_by_reason()
        store.close()
        if found != self.registered:
            fail(f"the database has {found}, the device beeped for {self.registered}")
        if refusals != dict(self.refused):
            fail(f"the database has refusals {refusals}, there were {dict(self.refused)}")

    # -- all of it ----------------------------------------------------------------------

    def run(self) -> None:
        self.make_keys()
        self.make_collection()
        subjects = self.issue_passes()
        bad = self.make_bad_passes()
        self.start_device()
        step(4, "Each picture in front of the scanner")
        self.refuse("own", "NO_TUBE")
        self.open_tube("T0000001")
        for file in ("own", "child", "elder"):
            self.register(file, subjects[file])
        self.refuse("own", "DUPLICATE")
        for one in bad:
            self.refuse(one.name, one.reason)
        self.pull()
        self.cut_power("unable", subjects["unable"])
        self.register("pupil", subjects["pupil"])
        self.refuse("patient", "FULL")
        self.open_tube("T0000002")
        self.register("patient", subjects["patient"])
        self.refuse("child", "DUPLICATE")
        self.refuse("T0000001", "TUBE_USED")
        step(6, "The journal goes into a SQLite database")
        self.pull()
        self.check_database()
        self.pull()
        self.check_database()
        say("pulled again: nothing twice, nothing missing")
        pulled = self.pull("--close-shift")
        say(f"the shift is closed: the device may forget up to record {pulled['released']}")
        self.pull()
        self.check_database()
        console.print(self.scanpost("tubes", "--db", "registrations.db", "--people"), markup=False)
        self.look_as_a_thief(subjects)


def keep_results(folder: Path) -> None:
    """The pictures and the database, in place of those of the run before."""
    try:
        KEPT.mkdir(exist_ok=True)
        for path in (*folder.glob("*.png"), *folder.glob("*.db")):
            shutil.move(path, KEPT / path.name)
    except OSError as error:
        say(f"{KEPT} cannot be written, so nothing is kept: {error.strerror}.")
    else:
        say(f"The pictures and the database are in {KEPT}: have a look at own.png.")


def main() -> int:
    """Runs the demonstration; 0 if everything was as it should be."""
    parser = argparse.ArgumentParser(description="From a QR picture to a row in a database.")
    parser.add_argument("--runtime", choices=("cpython", "micropython"), default="cpython")
    parser.add_argument(
        "--keep",
        type=Path,
        help=f"keep everything in this folder; without it pictures and database, in {KEPT}",
    )
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="scanpost-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    demo = Demo(folder.resolve(), options.runtime)
    try:
        demo.run()
    except (Wrong, OSError, subprocess.SubprocessError) as error:
        console.print(f"\nNot as it should be: {error}", style="bold red", markup=False)
        log = demo.device / "log.txt"
        if log.exists() and log.stat().st_size:
            console.print(log.read_text()[-3000:], markup=False)
        return 1
    finally:
        if (demo.device / "running.json").exists():
            demo.scanpost("sim", "stop", "--folder", demo.device)
        if not options.keep:
            keep_results(folder)
            shutil.rmtree(folder, ignore_errors=True)
    console.print(
        f"[bold green]All as it should be[/bold green], in {time.monotonic() - began:.0f} s."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
