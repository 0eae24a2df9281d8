import re
from pathlib import Path

import pytest

from medcontrol.reference.acts import act_label, acts, read_acts
from medcontrol.reference.flows import A_POSTERIORI, FILE, flows, natures, read_flows
from medcontrol.reference.motives import motives, motives_for, read_motives
from medcontrol.reference.pathologies import pathologies, read_pathologies
from medcontrol.reference.places import agencies, read_agencies, regions
from medcontrol.reference.points import points, read_points
from medcontrol.reference.tables import FOLDER, ReferenceFault, Text
from medcontrol.rules.reviews import longest_validity
from medcontrol.strict_yaml import YamlFault
from medcontrol.vocabulary import Profession, StepKind

NATURES = {
    "ald": "first renewal aggravation",
    "ambulatory": "reimbursement authorisation",
    "hospital": "authorisation prolongation invoice",
    "dental": "reimbursement authorisation orthodontics",
    "medicines": "authorisation renewal",
    "care_abroad": "authorisation a_posteriori prolongation",
    "conventional": "opening prolongation",
    "sick_leave": "first prolongation maternity",
    "invalidity": "first review",
    "disability": "first renewal",
    "care_reassessment": "periodic establishment requested",
    "fluctuation_control": "sample rule",
}
PREFIXES = "ALD AMB HOS DEN MED ETR CNV IJM PI PSH REA FLU"
# Words that would tell a diagnosis or a treatment to whoever opens the letter.
TOO_MUCH = re.compile(
    r"cancer|tumeur|sida|vih|diab|psych|d[ée]press|hépatite|chimio|dialyse|grossesse", re.I
)


def months_of(source_text: str) -> tuple[int | None, int | None, bool]:
    """Read initial months, renewal months and lifetime from the wording, a second way."""
    numbers = [int(n) * 12 for n in re.findall(r"(?<!was )(\d+) y", source_text)]
    numbers += [int(n) for n in re.findall(r"6-(\d+) months", source_text)]
    lifetime = "vie" in source_text or "permanent" in source_text
    if "then" in source_text or "renewable by" in source_text:
        return numbers[0], numbers[1], lifetime
    longest = max(numbers, default=None)
    return longest, longest, lifetime


def copy(tmp_path: Path, file: Path, old: str, new: str) -> Path:
    text = file.read_text(encoding="utf-8")
    assert old in text
    target = tmp_path / file.name
    target.write_text(text.replace(old, new, 1), encoding="utf-8")
    return target


def test_twelve_flows_with_the_natures_of_the_contract():
    ours = {
        code: set(flow.natures) - {A_POSTERIORI}
        for code, flow in flows().items()
        if not flow.is_internal
    }

    assert ours == {code: set(n.split()) - {A_POSTERIORI} for code, n in NATURES.items()}
    assert set(natures()) == {n for flow in flows().values() for n in flow.natures}


def test_only_what_is_paid_act_by_act_can_be_controlled_afterwards():
    assert {code for code, flow in flows().items() if A_POSTERIORI in flow.natures} == {
        "ambulatory", "hospital", "dental", "medicines", "care_abroad",
    }  # fmt: skip


def test_flows_are_open_at_home_and_nowhere_else():
    assert [c for c, f in flows().items() if f.may_open_in("ma")] == list(NATURES)[:10]
    assert [c for c, f in flows().items() if f.may_open_in("lu")] == list(NATURES)[10:]
    taken_in = [f for f in flows().values() if f.is_open and not f.is_internal]
    assert " ".join(f.prefix for f in taken_in) == PREFIXES


def test_a_dentist_controls_teeth_and_a_pharmacist_medicines():
    assert flows()["dental"].professions == (Profession.DENTIST,)
    assert Profession.PHARMACIST in flows()["medicines"].professions
    assert flows()["invalidity"].professions == (Profession.DOCTOR,)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("prefix: AMB", "prefix: ALD", "ALD stands twice"),
        ("prefix: AMB", "prefix: amb", "capital letters"),
        ("instant: true", "instant: 1", "yes or no"),
        ("professions: [dentist]", "professions: [baker]", "baker"),
        ("professions: [dentist]", "professions: []", "list of codes"),
        ("natures: [first, review]", "natures: [first, first]", "twice"),
        ("natures: [first, review]", "natures: [first, other]", "unknown other"),
        ("natures: [first, review]", "natures: [first, a_posteriori]", "reimburse"),
        ("authorisation, a_posteriori]", "authorisation]", "reimburse"),
        ("scheme: amo", "sheme: amo", "lacks: scheme"),
        ("scheme: amo", "scheme: amo\n    colour: red", "unknown members: colour"),
        ("ar: تفاقم", "ar: ''", "must be a text"),
        ("ar: تفاقم, ", "", "lacks: ar"),
    ],
)
def test_a_fault_in_the_flows_is_named(tmp_path, old, new, says):
    with pytest.raises(ReferenceFault, match=says):
        read_flows(copy(tmp_path, FILE, old, new))


def test_twelve_regions_have_three_agencies_each():
    by_region: dict[str, int] = {}
    for agency in agencies("ma").values():
        by_region[agency.region] = by_region.get(agency.region, 0) + 1

    assert by_region == dict.fromkeys(regions("ma"), 3)
    assert len(by_region) == 12
    assert agencies("ma")["FES-1"].name_fr == "Fès 1"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("CASA-2,", "CASA-1,", "CASA-1 stands twice"),
        ("MA-06", "MA-99", "line 2: region 'MA-99' is unknown"),
        ("Casablanca 1,", ",", "name_fr is empty"),
        ("MA-06,fictitious", "MA-06", "4 cells"),
        ("MA-06,fictitious", "MA-06,fictitious,x", "4 cells"),
        ("code,", "id,", "columns must be"),
    ],
)
def test_a_fault_in_the_agencies_is_named_with_its_line(tmp_path, old, new, says):
    with pytest.raises(ReferenceFault, match=says):
        read_agencies(copy(tmp_path, FOLDER / "ma" / "agencies.csv", old, new), regions("ma"))


@pytest.mark.parametrize(("country", "count"), [("ma", 41), ("fr", 32)])
def test_the_months_are_what_the_wording_says(country, count):
    former_holders_only = {"fr-ald-12": (None, 120, False)}
    ours = pathologies(country)

    assert [p.number for p in ours.values()] == list(range(1, count + 1))
    for code, item in ours.items():
        validity = item.validity
        columns = (
            validity.initial_months,
            validity.renewal_months,
            validity.lifetime_after_examination,
        )
        assert columns == former_holders_only.get(code, months_of(item.source_text)), code


def test_each_variant_stands_in_the_wording():
    for country in ("ma", "fr"):
        for item in pathologies(country).values():
            said = {int(n) * 12 for n in re.findall(r"(\d+) y", item.source_text)}
            assert set(item.validity.variants.values()) <= said


def test_the_pathologies_of_messages_are_found_with_label_and_validity():
    diabetes, hepatitis = pathologies("ma")["ma-ald-09"], pathologies("ma")["ma-ald-23"]

    assert diabetes.validity.lifetime_after_examination
    assert diabetes.label("fr").startswith("Diabète")
    assert diabetes.label("ar") != diabetes.label("fr")
    assert pathologies("fr")["fr-ald-08"].label("ar") == "Diabète type 1 et 2"
    for icd10, months in (("B18.2", 24), ("B18.1", 60)):
        assert (
            longest_validity(hepatitis.validity, is_renewal=False, default_months=60, icd10=icd10)
            == months
        )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (",36,60,no,", ",many,60,no,", "line 2: initial_months"),
        (",36,60,no,", ",0,60,no,", "initial_months"),
        (",36,60,no,", ",36,60,maybe,", "lifetime_after_examination"),
        ("ma-ald-02,", "ma-ald-01,", "stands twice"),
        ("C81-C96", "C81+", "icd10"),
        ("B18.2=24", "B18.2", "variants"),
        (",read,", ",heard,", "certainty"),
    ],
)
def test_a_fault_in_the_pathologies_is_named_with_its_line(tmp_path, old, new, says):
    with pytest.raises(ReferenceFault, match=says):
        read_pathologies(copy(tmp_path, FOLDER / "ma" / "ald.csv", old, new))


def test_every_flow_has_a_medical_and_an_administrative_refusal_and_a_modification_or_none():
    for flow in (code for code, flow in flows().items() if flow.may_open_in("ma")):
        refusals = {motive.kind for motive in motives_for("ma", flow, "refused")}

        assert refusals == {"medical", "administrative"}, flow
        assert motives_for("ma", flow, "modified"), flow
        assert motives_for("ma", flow, "adjourned"), flow


@pytest.mark.parametrize("jurisdiction", ["ma", "lu"])
def test_motives_tell_nothing_medical_in_any_language(jurisdiction):
    for motive in motives(jurisdiction).values():
        for words in (motive.wording.fr, motive.wording.ar, motive.wording.en):
            assert not TOO_MUCH.search(words), motive.code
        assert re.search(r"[\u0600-\u06ff]", motive.wording.ar), motive.code
        assert not re.search(r"[\u0600-\u06ff]", motive.wording.fr + motive.wording.en)


def test_motives_of_another_flow_are_not_offered():
    offered = {motive.code for motive in motives_for("ma", "ald")}

    assert {"ald.criteria_not_met", "adm.rights_closed"} <= offered
    assert "pi.not_total" not in offered
    assert motives_for("ma", "care_reassessment") == ()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("flows: [ald]", "flows: [adl]", "unknown adl"),
        ("kind: medical", "kind: magical", "magical"),
        ("effects: [refused]", "effects: refused", "list of codes"),
        ("effects: [refused]", "effects: [approved]", "approved"),
        ("  en: What was sent", "  de: What was sent", "lacks: en"),
    ],
)
def test_a_fault_in_the_motives_is_named(tmp_path, old, new, says):
    with pytest.raises(ReferenceFault, match=says):
        read_motives(copy(tmp_path, FOLDER / "ma" / "motives.yaml", old, new), "ma")


def test_a_motive_that_stands_twice_is_refused(tmp_path):
    file = copy(tmp_path, FOLDER / "ma" / "motives.yaml", "med.insufficient:", "med.not_justified:")

    with pytest.raises(YamlFault, match="stands twice"):
        read_motives(file, "ma")


def test_every_step_of_every_flow_weighs_something():
    for jurisdiction in ("ma", "lu"):
        table = points(jurisdiction)
        served = [code for code, flow in flows().items() if jurisdiction in flow.jurisdictions]
        assert set(table) == {(code, kind) for code in served for kind in StepKind}
        assert all(minutes > 0 for minutes in table.values())
    table = points("ma")
    assert all(
        table[flow, StepKind.EXAMINATION] > table[flow, StepKind.CONTROL_ON_FILE] + 9
        for flow in ("ald", "invalidity", "disability", "sick_leave")
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  decision: 5\n", "", "default lacks decision"),
        ("decision: 5", "decision: 0", "from 1 on"),
        ("decision: 5", "decision: true", "from 1 on"),
        ("  ald: {control_on_file: 12}", "  ald: {control: 12}", "'control' is none of"),
        ("  ald: {control_on_file: 12}", "  ald: 12", "must be a mapping"),
        ("  ald: {", "  care_reassessment: {", "unknown care_reassessment"),
    ],
)
def test_a_fault_in_the_points_is_named(tmp_path, old, new, says):
    with pytest.raises(ReferenceFault, match=says):
        read_points(copy(tmp_path, FOLDER / "ma" / "points.yaml", old, new), "ma")


def test_acts_have_labels_and_an_unknown_one_shows_its_code():
    assert act_label("ma", "DIAL", "fr") == "Séance de dialyse"
    assert act_label("ma", "DIAL", "de") == "Séance de dialyse"
    assert act_label("ma", "ZZ9", "fr") == "ZZ9"
    assert {act.flow for act in acts("ma").values()} <= set(flows())


def test_an_act_of_an_unknown_flow_is_refused(tmp_path):
    with pytest.raises(ReferenceFault, match=r"line 2: flow 'home' is unknown"):
        read_acts(copy(tmp_path, FOLDER / "ma" / "acts.csv", "C,ambulatory", "C,home"))


@pytest.mark.parametrize("read", [agencies, regions, pathologies, motives, points, acts])
@pytest.mark.parametrize("country", ["xx", "", "../ma", "."])
def test_a_country_without_data_is_refused(read, country):
    with pytest.raises(ReferenceFault):
        read(country)


def test_what_is_loaded_can_not_be_changed():
    with pytest.raises(TypeError):
        flows()["ald"] = None  # type: ignore[index]
    with pytest.raises(AttributeError):
        flows()["ald"].prefix = "XXX"  # type: ignore[misc]


def test_words_fall_back_to_french():
    words = Text("oui", "نعم", "yes")

    assert [words.in_language(code) for code in ("fr", "ar", "en", "lb")] == [
        "oui", "نعم", "yes", "oui",
    ]  # fmt: skip
