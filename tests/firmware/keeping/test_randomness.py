from keeping import randomness
from keeping.randomness import NotSeeded, Randomness

SEED = bytes(range(32))


class Files:
    """The file system; `full`: it takes nothing more."""

    def __init__(self):
        self.held = {}
        self.full = False

    def read(self, name):
        found = self.held.get(name)
        return None if found is None else bytes(bytearray(found))

    def replace(self, name, data):
        if self.full:
            raise OSError(28)
        self.held[name] = bytes(bytearray(data))


def with_files(test):
    kept = randomness.files
    randomness.files = files = Files()
    try:
        test(files)
    finally:
        randomness.files = kept


def fresh():
    return b""


def refused(call, error):
    try:
        call()
    except error:
        return True
    return False


def test_nothing_without_a_seed():
    def check(files):
        generator = Randomness(fresh)
        assert refused(lambda: generator.bytes(8), NotSeeded)
        assert refused(lambda: generator.add_seed(bytes(31)), ValueError)
        for lost in (b"", bytes(31), bytes(33)):
            files.held["seed"] = lost
            assert refused(lambda: generator.bytes(8), NotSeeded)
        generator.add_seed(SEED)
        assert len(generator.bytes(8)) == 8

    with_files(check)


def test_the_seed_is_replaced_before_the_first_byte():
    def check(files):
        first = Randomness(fresh)
        first.add_seed(SEED)
        held = files.held["seed"]
        assert held != SEED and len(held) == 32
        drawn = [first.bytes(32), first.bytes(32)]
        assert files.held["seed"] == held
        for _ in range(3):
            drawn.append(Randomness(fresh).bytes(32))
            assert files.held["seed"] != held
            held = files.held["seed"]
        assert len(set(drawn)) == 5

    with_files(check)


def test_nothing_is_given_out_if_the_seed_cannot_be_replaced():
    def check(files):
        Randomness(fresh).add_seed(SEED)
        generator = Randomness(fresh)
        files.full = True
        assert refused(lambda: generator.bytes(8), OSError)
        files.full = False
        assert len(generator.bytes(8)) == 8

    with_files(check)


def test_a_second_seed_is_stirred_in():
    def check(files):
        Randomness(fresh).add_seed(SEED)
        held = files.held["seed"]
        drawn = set()
        for seed in (None, SEED, bytes(32)):
            files.held["seed"] = held
            generator = Randomness(fresh)
            if seed:
                generator.add_seed(seed)
            drawn.add(generator.bytes(32))
            drawn.add(files.held["seed"])
        assert len(drawn) == 6

    with_files(check)


def test_what_is_fresh_counts():
    def check(files):
        Randomness(fresh).add_seed(SEED)
        held = files.held["seed"]
        drawn = set()
        for noise in (b"", b"a", b"b"):
            files.held["seed"] = held
            drawn.add(Randomness(lambda noise=noise: noise).bytes(32))
        assert len(drawn) == 3

    with_files(check)
