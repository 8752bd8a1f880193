"""What appending to the journal can raise, besides OSError from the flash."""


class JournalFull(Exception):
    """No room that may be used for this record; nothing was written."""


class NoCollectionKey(Exception):
    """There is no key to seal to: the device is not fully provisioned. Nothing was written."""
