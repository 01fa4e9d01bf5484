from benchmarks import eaco
from benchmarks.eaco_acceptance import _measured


def test_gaps_are_certified_and_told():
    found = [one for seed in (0, 1) for one in eaco.gaps(10, 0.4, seed, 10.0)]
    assert [one.heuristic for one in found] == ["eaco", "eaco-local-search"] * 2
    assert all(one.proved and 0 <= one.gap < 0.5 for one in found)
    assert all(one.gap <= 1e-7 for one in found if one.heuristic == "eaco-local-search")
    published, ours = eaco.lines(found)
    assert published[:3] == ["10", "40 %", "eaco"]
    assert ours[2:6] == ["eaco-local-search", "0", "0", "2"]
    assert ours[8] == "2 of 2"
    assert _measured(found[1::2]).startswith("mean 0, worst 0;")
