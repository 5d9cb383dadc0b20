from hypothesis import given
from hypothesis import strategies as st

from geartrain.kernel.hierarchy import Hierarchy

people = st.sampled_from("abcdefgh")


def test_reads_the_line_up_and_the_tree_down():
    line = Hierarchy({"ann": "bob", "bob": "eve", "cleo": "eve", "eve": None})
    assert line.chain("ann") == ["bob", "eve"]
    assert line.tree("eve") == ["eve", "bob", "ann", "cleo"]
    assert line.tree("stranger") == ["stranger"]
    assert list(line.pairs())[:3] == [("ann", "ann", 0), ("bob", "ann", 1), ("eve", "ann", 2)]


def test_a_manager_who_is_not_there_is_no_manager():
    assert Hierarchy({"ann": "left"}).chain("ann") == []


def test_a_cycle_is_named_and_cut_once():
    line = Hierarchy({"a": "b", "b": "c", "c": "a", "d": "c"})
    assert [i.code for i in line.issues] == ["hierarchy_cycle"]
    assert "c" in line.issues[0].where
    assert line.chain("d") == ["c"]
    assert line.tree("c") == ["c", "b", "a", "d"]


def test_a_person_who_reports_to_themselves_is_a_cycle():
    assert len(Hierarchy({"a": "a"}).issues) == 1


@given(st.dictionaries(people, st.none() | people, max_size=8))
def test_every_chain_ends_and_matches_the_tree(managers):
    line = Hierarchy(managers)
    for person in managers:
        chain = line.chain(person)
        assert len(chain) == len(set(chain)) < len(managers)
        for above in chain:
            assert person in line.tree(above)
    assert sum(len(line.tree(p)) for p in managers) == len(list(line.pairs()))
