"""A sampling point: an office that issues and collects, and a device at work in its hall."""

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from host_tools import demo_passes, provision
from host_tools.client import Client
from host_tools.operators import Operator
from host_tools.pull import pull
from host_tools.store import Store
from provisioning import collection, keys, operators, revocation, settings, trust
from provisioning.keys import raw_public
from provisioning.signed import seal
from simulator import hands
from simulator.link import LinkPort
from tools.wasm32.chip import BLOCK_BYTES, Board32

NOW_S = 1_790_000_000
DAY_S = 86400
PEOPLE_IN_TUBE = 10
SPARE_SECRETS = 30  # HMAC issuers, so that the trust list is as long as it may be
PUBLIC_EVERY = 20  # one person in so many has a pass that anyone can check


def _seed(name):
    return hashlib.sha256(name.encode()).digest()


class Office:
    """Keys, lists and passes, the same each time.

    largest: each list is as long as it may be. sequence: of what the root signs.
    """

    def __init__(self, largest=False, sequence=1):
        self.largest = largest
        self._sequence = sequence
        self.root = Ed25519PrivateKey.from_private_bytes(_seed("root"))
        city = Ed25519PrivateKey.from_private_bytes(_seed("city"))
        self.city = demo_passes.ed25519_signer(city)
        self.secret = _seed("school")
        self.school = demo_passes.hmac_signer(b"A school", 5, self.secret)
        times = (NOW_S - 90 * DAY_S, NOW_S + 90 * DAY_S, 30 * DAY_S)
        self._trust = [
            [self.city.kid, -8, raw_public(city), *times, "City"],
            [self.school.kid, 5, None, *times, "School"],
        ]
        self._secrets = [[self.school.kid, 5, self.secret]]
        key = X25519PrivateKey.from_private_bytes(_seed("lab"))
        rows = [collection.row_of(raw_public(key.public_key()), NOW_S - 60, "Lab")]
        self.keys = {rows[0].kid: key}
        self._settings = settings.Settings()
        self._revoked = revocation.RevocationList()
        if largest:
            self._fill(times, rows)
        self._collection = collection.CollectionList(tuple(rows))
        li = Ed25519PrivateKey.from_private_bytes(_seed("operator"))
        self.operator = Operator(
            li,
            operators.issue_credential(
                *(self.root, raw_public(li), "L" * 32, ("collect", "clock")),
                *(NOW_S - 60, NOW_S + DAY_S),
            ),
        )

    def _fill(self, times, rows):
        name = "n" * 32
        for number in range(SPARE_SECRETS // 2):
            key = Ed25519PrivateKey.from_private_bytes(_seed(f"public {number}"))
            signer = demo_passes.ed25519_signer(key)
            self._trust.append([signer.kid, -8, raw_public(key), *times, name])
            kid, secret = _seed(f"kid {number}")[:8], _seed(f"secret {number}")
            self._trust.append([kid, 5, None, *times, name])
            self._secrets.append([kid, 5, secret])
        for number in range(collection.MAX_KEYS - 1):
            key = X25519PrivateKey.from_private_bytes(_seed(f"lab {number}"))
            began = NOW_S - 1000 - number
            rows.append(collection.row_of(raw_public(key.public_key()), began, name))
        self._settings = settings.Settings(
            site=name, device_name="d" * 16, tube_pattern="T#######", tube_size=PEOPLE_IN_TUBE
        )
        entries = frozenset(_seed(f"revoked {n}")[: revocation.ENTRY_BYTES] for n in range(500))
        self._revoked = revocation.RevocationList(entries)

    def _sealed(self, typ, body):
        return seal(self.root, typ, self._sequence, NOW_S, body)

    def plan(self):
        """What a device is given."""
        has_table = self.largest
        return provision.Plan(
            root=raw_public(self.root),
            unix_s=NOW_S,
            collection=self._sealed(collection.TYP, self._collection.body()),
            trust=self._sealed(trust.TYP, sorted(self._trust)),
            settings=self._sealed(settings.TYP, self._settings.body()),
            secrets=tuple(keys.HmacSecret(*row) for row in sorted(self._secrets)),
            signer=Operator.owner(self.root),
            revoked_table=self._revoked.table() if has_table else None,
            revoked=self._sealed(revocation.TYP, self._revoked.body()) if has_table else None,
        )

    def make_pass(self, number, public=None):
        """A good pass, of somebody else for each number. public: signed, not HMAC."""
        if public is None:
            public = number % PUBLIC_EVERY == 0
        seed = _seed(f"person {number}")
        return demo_passes.make_pass(
            self.city if public else self.school, NOW_S, subject=seed[:16], cti=seed[16:24]
        ).encode()


class MostLive:
    """Watches a heap at each allocation.

    What has been asked for since the last collection tells whether there can be more in use than
    there was; only then it is looked, and collected.
    """

    def __init__(self):
        self.most = 0
        self.chip = None
        self._bound = 0

    def watch(self, chip):
        """From now on."""
        self.chip = chip
        chip.sample(self._look)

    def _look(self, size):
        self._bound += size + BLOCK_BYTES
        if self._bound <= self.most:
            return
        self._bound = self.chip.used() + size
        if self._bound > self.most:
            self.chip.collect()
            self._bound = self.chip.used() + size
            self.most = max(self.most, self._bound)


class Hall:
    """A device at work. How: as Board32."""

    def __init__(self, folder, deployed, office, pool, **how):
        self.office = office
        self.board = Board32(Path(folder), deployed, pool, **how)
        self.client = Client(LinkPort(self.board))
        self.store = Store(":memory:")
        self.registered = 0

    @property
    def chip(self):
        """The CPU since the last start."""
        return self.board.chip

    def start(self):
        """Switches the device on and waits until it is ready."""
        self.board.power_on()
        self.board.run_for_ms(5000)

    def stop(self):
        self.board.power_off()

    def provision(self):
        """Gives the device all of the office's lists."""
        provision.provision(self.client, self.office.plan(), lambda *_: None)

    def on_cpu(self, action):
        """What `action()` gives, called while the CPU waits in one of its calls."""
        found = []
        self.board.clock.at(self.board.clock.now_us(), lambda: found.append(action()))
        self.board.run_until(lambda: found, 10_000)
        return found[0]

    def live(self):
        """The heap after a collection."""

        def look():
            self.chip.collect()
            return self.chip.heap()

        return self.on_cpu(look)

    def most_live(self, action):
        """Bytes of the heap in use at most while `action()` runs, garbage not counted."""
        seen = MostLive()
        self.on_cpu(lambda: seen.watch(self.chip))
        action()
        self.on_cpu(lambda: seen.chip.sample(None))
        return seen.most

    def most_live_at_start(self):
        """The same for a start: switches the device on and waits until it is ready."""
        seen = MostLive()
        self.board.on_loaded = seen.watch
        self.start()
        self.board.on_loaded = None
        self.on_cpu(lambda: seen.chip.sample(None))
        return seen.most

    def show(self, text, wait=True):
        """Holds a code before the scanner; whether the green light went on."""
        scanner, observer = self.board.chips["scanner"], self.board.observer

        def answered():
            return before != (len(observer.green.changes), len(observer.red.changes))

        # The lamp of the last answer goes out by itself.
        if wait:
            self.board.run_until(lambda: not (observer.green.lit or observer.red.lit), 5000)
        hands.wait_until_ready(self.board)
        before = len(observer.green.changes), len(observer.red.changes)
        self.board.pace.outside(lambda: scanner.show(text, hands.usual_kind(text)))
        if not self.board.run_until(answered, 20_000):
            raise AssertionError("the device did not answer a code")
        self.board.pace.outside(scanner.take_away)
        return observer.green.lit

    def register(self, count):
        """Registers so many people more, with their tubes."""
        for _ in range(count):
            if self.registered % PEOPLE_IN_TUBE == 0:
                self._expect(self.show(b"T%07d" % (self.registered // PEOPLE_IN_TUBE)))
            self._expect(self.show(self.office.make_pass(self.registered)))
            self.registered += 1

    @staticmethod
    def _expect(good):
        if not good:
            raise AssertionError("the device refused a good code")

    def pull(self, acknowledge=False, close_shift=False):
        """Empties the device into the office's database."""
        found = pull(
            *(self.client, self.store, NOW_S, self.office.keys),
            operator=self.office.operator if acknowledge or close_shift else None,
            close_shift=close_shift,
        )
        if found.problems:
            raise AssertionError(found.problems)
        return found

    def close(self):
        self.board.close()
