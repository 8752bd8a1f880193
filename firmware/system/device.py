"""The parts of the device that stay as long as it runs.

Nothing in the heap is ever moved. So all of this, its code and its buffers, is there before what
comes and goes (rooms.py), and lies together.
"""

from app.application import App
from app.refusals import Refusals
from app.rules import Registrar
from journal.journal import Journal
from keeping.curve_tables import CurveTables
from keeping.identity import Identity
from keeping.provisioned import Provisioned
from keeping.randomness import Randomness
from link.allowance import Allowance
from link.endpoint import Endpoint

from system import rooms
from system.clock import Clock


class Device:
    """Wires the parts to each other; nothing is read from flash yet (starting.py)."""

    def __init__(self, hardware, feedback):
        self.board_name = hardware.board_name
        self.is_prompt_wanted = False  # by an operator: the program ends, and the prompt is there
        self.feedback = feedback
        self.clock = Clock(hardware.clock_chip)
        self.tables = CurveTables(hardware.curve)
        self.randomness = Randomness(hardware.fresh)
        self.identity = Identity()
        self.provisioned = Provisioned(hardware.lists, self.identity, self.randomness)
        self.journal = Journal(
            hardware.journal,
            self.identity,
            self.provisioned.collection_source(self.clock),
            self.randomness.bytes,
        )
        self.registrar = Registrar(self.provisioned.settings, self.journal)
        self.refusals = Refusals(self.journal, self.clock)
        self.app = App(
            hardware.scanner,
            feedback,
            self.clock,
            self.provisioned,
            self.journal,
            self.registrar,
            self.refusals,
            hardware.ok,
            hardware.trigger,
        )
        self.changed = self.app.changed
        self.allowance = Allowance()
        self.endpoint = Endpoint(self._make_server, rooms.HOST)

    def _make_server(self):
        from link.requests import Requests
        from link.server import Server

        return Server(Requests(self))
