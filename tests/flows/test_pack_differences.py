"""What two versions have otherwise is told with the words of the drawing, beside the ids."""

from workflows.definition.catalog import catalog
from workflows.definition.diff import differences, sentences


def test_steps_and_ways_are_named_as_the_drawing_names_them() -> None:
    before, after = catalog().version("ma/ald/1"), catalog().version("ma/medicines/1")

    changes = {(each.section, each.id): each for each in differences(before, after)}
    lines = list(sentences(list(changes.values())))

    way = changes["ways", "advice_or_agreement → second_doctor"]
    assert (way.kind, way.name) == ("added", "Avis ou accord ? → Accord du niveau régional")
    assert f"  + {way.id} ({way.name})" in lines
    assert changes["flows", "ald"].name == "Affection de longue durée"
    assert changes["ways", "after_control → visit_approval"].kind == "removed"
    assert differences(before, before) == []
