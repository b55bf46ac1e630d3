"""Keys: the ring that surrogates draw from, and the ledger's own secrets. None of them ever reaches SQL."""

from retention.keys.blocks import permuted
from retention.keys.fingerprint import Fingerprint, Fingerprinter, Keys, as_tuples, numbers_of
from retention.keys.kept import FingerprintFile, KeptFingerprints
from retention.keys.ordering import in_order
from retention.keys.ring import KeyRing, KeyRingError, RingKey, RunKey
from retention.keys.sealing import seal, unseal
from retention.keys.secrets import LedgerSecrets

__all__ = [
    "Fingerprint",
    "FingerprintFile",
    "Fingerprinter",
    "KeptFingerprints",
    "KeyRing",
    "KeyRingError",
    "Keys",
    "LedgerSecrets",
    "RingKey",
    "RunKey",
    "as_tuples",
    "in_order",
    "numbers_of",
    "permuted",
    "seal",
    "unseal",
]
