from binascii import unhexlify

from crypto.drbg import HmacDrbg, start
from vectors import load

# NIST CAVP, HMAC_DRBG.rsp of drbgvectors_no_reseed: SHA-256, no personalization, COUNT = 0. The
# generator is asked twice for 1024 bits, and the second answer is the one returned.
ENTROPY = "ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488"
NONCE = "659ba96c601dc69fc902940805ec0ca8"
RETURNED = (
    "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89"
    "d54fbb978a15b5c443c9ec21036d2460b6f73ebad0dc2aba6e624abf07745bc1"
    "07694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668"
    "961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8"
)
# RFC 6979 section A.2.5 is this generator with the private key as entropy and the hash as nonce:
# P-256, SHA-256, messages "sample" and "test"
PRIVATE = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
SAMPLE_HASH = "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"
SAMPLE_K = "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60"
TEST_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TEST_K = "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0"


def test_nist_vector():
    generator = HmacDrbg(unhexlify(ENTROPY), unhexlify(NONCE))
    generator.generate(128)
    assert generator.generate(128) == unhexlify(RETURNED)


def test_rfc_6979():
    for digest, k in ((SAMPLE_HASH, SAMPLE_K), (TEST_HASH, TEST_K)):
        generator = HmacDrbg(unhexlify(PRIVATE), unhexlify(digest))
        assert generator.generate(32) == unhexlify(k)


def test_nist_vectors_with_all_inputs():
    """CAVP's drbgvectors_pr_false: with and without personalization and additional input."""
    for case in load("hmac-drbg.json"):
        names = ("entropy", "nonce", "personalization", "reseed", "reseed_additional", "returned")
        entropy, nonce, personalization, *reseed, returned = [unhexlify(case[n]) for n in names]
        generator = HmacDrbg(entropy, nonce, personalization)
        generator.reseed(*reseed)
        for additional in case["additional"]:  # the second answer is the one returned
            given = generator.generate(len(returned), unhexlify(additional))
        assert given == returned, case["source"]


def test_sizes():
    generator = HmacDrbg(bytes(32))
    assert generator.generate(0) == b""
    assert len(generator.generate(65)) == 65
    for size in (-1, 65537):
        try:
            generator.generate(size)
        except ValueError:
            continue
        raise AssertionError("too much was given")


def test_the_next_seed_is_stored_first():
    kept = []

    def keep(seed):  # a copy: the generator overwrites its own
        kept.append(bytes(bytearray(seed)))

    first = start(bytes(32), b"fresh", keep).generate(32)
    second = start(kept[0], b"fresh", keep).generate(32)
    assert len(kept) == 2 and len({bytes(32), kept[0], kept[1], first, second}) == 5


def test_nothing_without_a_stored_seed():
    def refuse(seed):
        raise OSError("flash is full")

    for seed, store in ((bytes(32), refuse), (bytes(31), lambda seed: None)):
        try:
            start(seed, b"", store)
        except (OSError, ValueError):
            continue
        raise AssertionError("a generator without its next seed")
