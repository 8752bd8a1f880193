"""Every vector of the pass gives the answer it names."""

from vectors import pass_world
from verify import passes
from verify.errors import Refused


def test_every_vector_gives_its_answer():
    vectors, trust, secrets, is_revoked = pass_world()
    assert len(vectors) > 100
    for vector in vectors:
        name = vector["name"]
        try:
            a_pass = passes.verify(
                vector["text"].encode(), trust, secrets, is_revoked, vector["now"]
            )
        except Refused as refused:
            assert refused.reason == vector["expect"], (name, refused.reason)
            continue
        assert vector["expect"] == "ACCEPTED", name
        assert a_pass.subject.hex() == vector["subject"], name
        assert a_pass.cti.hex() == vector["cti"], name
        assert a_pass.relation == vector["relation"], name
        assert a_pass.name_hint == vector["name_hint"], name
        assert a_pass.id_hint == vector["id_hint"], name
