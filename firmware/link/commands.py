"""What somebody has to sign for: credentials, nonces, commands (docs/link.md).

nobody --present(credential)--> operator --challenge--> nonce waits --execute--> operator
                                                  60 s or a reset: the nonce is dead

The root signs commands too, without a credential, and with every role. All of it is forgotten when
the host's room closes, 60 s after the last of these at the earliest.
"""

import time

from micropython import const
from verify import cose, operators
from verify.errors import Malformed, Refused

PROVISION = "provision"
COLLECT = "collect"
CLOCK = "clock"
SERVICE = "service"
_NONCE_MS = const(60000)


class Commands:
    """Judges operators and their commands; what is not allowed is Refused (docs/link.md).

    provisioned: gives identity (root, device_id), newest_signed_at and is_revoked.
    clock: now(). newest_minute: () -> minute of the journal's newest record. random: (n) -> n bytes
    fit for keys. allowance: take(). actions: {operation: (role, function)}; the function takes
    (who signed, arguments) and returns the result.
    """

    def __init__(self, provisioned, clock, newest_minute, random, allowance, actions):
        self._provisioned = provisioned
        self._clock = clock
        self._newest_minute = newest_minute
        self._random = random
        self._allowance = allowance
        self._actions = actions
        self._credential = None
        self._nonce = None
        self._nonce_ms = 0

    def present(self, data):
        """Takes an operator's credential; returns the kid of its key (8 bytes).

        It counts until the next one, or until the host's room closes (docs/link.md). Raises
        Refused with NO_ROOT, MALFORMED, UNSUPPORTED, UNKNOWN_KEY, WRONG_TYPE, BAD_SIGNATURE,
        REVOKED.
        """
        self._credential = None
        root = self._provisioned.identity.root
        if root is None:
            raise Refused("NO_ROOT")
        try:
            credential = operators.open_credential(data, root)
        except Malformed:
            raise Refused("MALFORMED") from None
        self._check_revoked(credential)
        self._credential = credential
        return credential.kid

    def challenge(self):
        """A new nonce (16 bytes) for one command within 60 s; the one before is dead."""
        self._nonce = self._random(operators.NONCE_BYTES)
        self._nonce_ms = time.ticks_ms()
        return self._nonce

    def execute(self, data):
        """Carries out a signed command; returns its result.

        The nonce is used up whatever comes of it. Raises Refused with NO_OPERATOR,
        NO_CHALLENGE, MALFORMED, UNSUPPORTED, UNKNOWN_KEY, WRONG_TYPE, BAD_SIGNATURE,
        WRONG_DEVICE, UNKNOWN_OP, ROLE, REVOKED, EXPIRED, TOO_OFTEN; or what the action raises.
        """
        nonce, self._nonce = self._nonce, None
        signer = self._named_in(data)
        if nonce is None or time.ticks_diff(time.ticks_ms(), self._nonce_ms) >= _NONCE_MS:
            raise Refused("NO_CHALLENGE")
        try:
            device_id, signed_nonce, operation, arguments = operators.open_command(data, signer)
        except Malformed:
            raise Refused("MALFORMED") from None
        if device_id != self._provisioned.identity.device_id:
            raise Refused("WRONG_DEVICE")
        if signed_nonce != nonce:
            raise Refused("NO_CHALLENGE")
        if operation not in self._actions:
            raise Refused("UNKNOWN_OP")
        role, action = self._actions[operation]
        self._check(signer, role)
        if not self._allowance.take():
            raise Refused("TOO_OFTEN")
        return action(signer, arguments)

    def signer_of(self, data, role):
        """Who may have signed an object that asks for a role: the key (32 bytes) to verify it with.

        data: COSE_Sign1, bytes. Raises Refused with NO_ROOT, MALFORMED, UNSUPPORTED, NO_OPERATOR,
        ROLE, REVOKED, EXPIRED.
        """
        signer = self._named_in(data)
        self._check(signer, role)
        return signer.key

    def _named_in(self, data):
        """The root, if the message says so, or the operator who is here."""
        root = self._provisioned.identity.root
        if root is None:
            raise Refused("NO_ROOT")
        try:
            kid = cose.kid_in(data)
        except Malformed:
            raise Refused("MALFORMED") from None
        if kid == cose.kid_of(root):
            return operators.Owner(root)
        if self._credential is None:
            raise Refused("NO_OPERATOR")
        return self._credential

    def _check(self, signer, role):
        if role not in signer.roles:
            raise Refused("ROLE")
        if signer.cti is not None:
            self._check_revoked(signer)
            if signer.expires_at <= self._judged_at():
                raise Refused("EXPIRED")

    def _check_revoked(self, credential):
        held = self._provisioned
        if held.is_revoked(cose.kid_of(held.identity.root), credential.cti):
            raise Refused("REVOKED")

    def _judged_at(self):
        """The time at which a credential has to be valid: never one that comes with a command.

        A clock that was set back does not make a credential young again: the root has signed
        something later. Where the clock is not set, the journal's newest record is later too.
        """
        unix_s = self._clock.now()
        if unix_s is None:
            unix_s = self._newest_minute() * 60
        return max(unix_s, self._provisioned.newest_signed_at)
