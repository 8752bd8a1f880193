"""Numbers of IANA's registries for COSE, CBOR tags and CWT that the formats here use."""

from micropython import const

# Tags of messages (RFC 9052)
TAG_ENCRYPT0 = const(16)
TAG_MAC0 = const(17)
TAG_SIGN1 = const(18)
# Header parameters (RFC 9052; typ: RFC 9596)
LABEL_ALG = const(1)
LABEL_KID = const(4)
LABEL_IV = const(5)
LABEL_TYP = const(16)
# Algorithms (RFC 9053)
ALG_EDDSA = const(-8)
ALG_HMAC_256_64 = const(4)
ALG_HMAC_256_256 = const(5)
ALG_AES_CCM_16_64_256 = const(11)
# Claims (RFC 8392; cnf: RFC 8747; scope: RFC 9200)
ISS = const(1)
SUB = const(2)
EXP = const(4)
NBF = const(5)
IAT = const(6)
CTI = const(7)
CNF = const(8)
SCOPE = const(9)

KID_BYTES = const(8)  # in all that is ours (docs/pass.md)
