"""Opens an epoch: its secret is agreed on with the collection key, and its record is signed.

Needed once in some hundred people, with all that agreeing and signing takes; loaded for that.

    nothing held --prepare--> held (Epoch.next_kid) --open_epoch--> in force (Epoch.sequence)
                                   | the collection key was replaced: prepare, again
"""

from crypto import hpke
from crypto.wipe import wipe
from micropython import const
from verify import cose

from journal import NoCollectionKey, bodies, layout

_INFO = const(b"ScanPost epoch 2")
_CONTEXT = const(b"ratchet")
_TYP = const("application/scanpost-epoch")
_SECRET_BYTES = const(32)
_ATTEMPTS = const(3)
_EIO = const(5)

# Its record: header 11, kid 8, enc 32, signature 64, CRC 4
_CLEAR_BYTES = const(40)
_KID_AT = const(11)
_ENC_AT = const(19)
_SIGNATURE_AT = const(51)
_CRC_AT = const(115)
_RECORD_BYTES = const(119)


def prepare(epoch, collection, identity, random):
    """Agrees with a collection key on the next epoch's secret, which the Epoch then holds.

    collection: (kid, X25519 public key). Takes 0.1 s. Raises NoCollectionKey for a key of small
    order: nothing can be sealed to it.
    """
    kid, public_key = collection
    drawn = random(_SECRET_BYTES)
    ephemeral = bytearray(drawn)
    wipe(drawn)
    try:
        enc, exporter = hpke.setup_sender(public_key, _INFO + identity.device_id + kid, ephemeral)
    except ValueError as error:
        raise NoCollectionKey() from error
    finally:
        wipe(ephemeral)
    secret = hpke.export(exporter, _CONTEXT, _SECRET_BYTES)
    wipe(exporter)
    epoch.hold(kid, enc, secret)
    wipe(secret)


def open_epoch(writer, unix_s, tier):
    """Writes the record that begins an epoch. tier and what it raises: as Writer.append."""
    collection = writer.collection()
    if collection is None or writer.identity.device_id is None:
        raise NoCollectionKey()
    epoch = writer.epoch
    if epoch.next_kid != collection[0]:
        prepare(epoch, collection, writer.identity, writer.random)
    for _ in range(_ATTEMPTS):
        place = writer.find_place(_RECORD_BYTES, tier)
        sequence = writer.next_number()
        header = writer.new_header(place, sequence, sequence)
        record = writer.sealer.begin_clear(_RECORD_BYTES)
        _fill(record, epoch, sequence, unix_s // 60)
        _sign(record, writer)
        if writer.write(place, header):
            epoch.start(sequence)
            return
    raise OSError(_EIO)


def _fill(record, epoch, sequence, minute):
    layout.write_record_header(
        record, 0, _RECORD_BYTES, bodies.EPOCH, _CLEAR_BYTES, sequence, minute
    )
    record[_KID_AT:_ENC_AT] = epoch.next_kid
    record[_ENC_AT:_SIGNATURE_AT] = epoch.enc


def _sign(record, writer):
    """A COSE_Sign1's signature whose payload, detached, is the record so far."""
    external = writer.identity.device_id + writer.state.chain
    so_far = bytes(record[:_SIGNATURE_AT])
    message = cose.to_be_signed(cose.typed_header(_TYP), so_far, external)
    record[_SIGNATURE_AT:_CRC_AT] = writer.identity.sign(message)
    layout.write_crc(record, 0, _RECORD_BYTES)
