"""AES as the firmware finds it: the stand-in and MicroPython's own answer alike."""

from binascii import unhexlify

from cryptolib import aes

ECB = 1
CBC = 2
KEY = unhexlify("2b7e151628aed2a6abf7158809cf4f3c")
PLAIN = unhexlify("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
# NIST SP 800-38A sections F.1.1 and F.2.1
ECB_CIPHER = unhexlify("3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf")
CBC_CIPHER = unhexlify("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2")
IV = unhexlify("000102030405060708090a0b0c0d0e0f")
# F.1.5, the first block
KEY_256 = unhexlify("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
ECB_256_CIPHER = unhexlify("f3eed1bdb5d2a03c064b5a7e3db181f8")


def _error(function, *arguments):
    try:
        function(*arguments)
    except ValueError as error:
        return str(error)
    raise AssertionError("no error")


def test_nist_vectors():
    assert aes(KEY, ECB).encrypt(PLAIN) == ECB_CIPHER
    assert aes(KEY, ECB).decrypt(ECB_CIPHER) == PLAIN
    assert aes(KEY_256, ECB).encrypt(PLAIN[:16]) == ECB_256_CIPHER
    assert aes(KEY, CBC, IV).decrypt(CBC_CIPHER) == PLAIN


def test_cbc_goes_on_where_it_was():
    cipher = aes(KEY, CBC, IV)
    assert cipher.encrypt(PLAIN[:16]) + cipher.encrypt(PLAIN[16:]) == CBC_CIPHER


def test_into_a_buffer():
    out = bytearray(40)
    assert aes(KEY, ECB).encrypt(memoryview(PLAIN), out) is out
    assert out == ECB_CIPHER + bytes(8)
    assert _error(aes(KEY, ECB).encrypt, PLAIN, bytearray(31)) == "output too small"


def test_refusals():
    assert _error(aes, KEY, 3) == "mode"
    assert _error(aes, KEY[:15], ECB) == "key"
    assert _error(aes, KEY, CBC) == "IV"
    assert _error(aes, KEY, CBC, IV[:15]) == "IV"
    assert _error(aes(KEY, ECB).encrypt, PLAIN[:15]) == "blksize % 16"
    cipher = aes(KEY, CBC, IV)
    cipher.encrypt(PLAIN)
    assert _error(cipher.decrypt, PLAIN) == "can't encrypt & decrypt"
