"""The kinds of files that arrive (prestations), with their share of the day and their content."""

from dataclasses import dataclass

from medcontrol.vocabulary import Scheme


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of file.

    ``share`` is the part of all files; ``pools`` says who, with weights (``~`` before a name: only
    those whose turn comes that day); ``prescribers`` are specialties, or ``pathology`` for the one
    that treats the member's illness; ``provider`` is a group, or ``prescriber`` for himself.
    The first line bills one of ``lead``, the others ``rest``; ``lines`` weighs 1, 2, 3, … lines.
    ``episode`` names a story that several services tell, begun ``offset`` days from reception; its
    ``part`` 1 goes on where part 0 ended. Without episode, care ended ``delay`` days before.
    """

    name: str
    flow: str
    nature: str
    share: float
    pools: tuple[tuple[str, float], ...]
    prescribers: tuple[str, ...]
    provider: str
    lead: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    lines: tuple[float, ...] = ()
    icds: tuple[str, ...] = ()
    icds_child: tuple[str, ...] = ()
    chronic: float = 0.0
    span: int = 0
    delay: tuple[int, int] = (1, 25)
    channels: tuple[float, float, float] = (0.45, 0.4, 0.15)
    scheme: Scheme = Scheme.AMO
    documents: float = 0.02
    kinds: tuple[str, ...] = ("prescription", "invoice")
    authorisation: str = ""
    asks_first: bool = False
    urgent: float = 0.0
    episode: str = ""
    offset: int = 0
    part: int = 0
    length: tuple[int, int] = (0, 0)


_ANY = (("adult", 0.7), ("child", 0.3))
_ADULT = (("adult", 1.0),)
_COLDS = ("J06.9", "J20.9", "J03.9", "A09", "K29.7", "N39.0", "M54.5", "G43.9", "L20.9", "R10.4")
_COLDS_CHILD = ("J06.9", "J20.9", "J03.9", "A09", "H66.9", "L20.9")
_DRUGS = ("PH-ATB", "PH-ANT", "PH-RESP", "PH-GAST")
_WEAK = ("M54.5", "M54.4", "J06.9", "J20.9", "A09", "F41.1", "F32.1", "S52.5", "M75.1", "K29.7")
_LASTING = ("F33.2", "M54.4", "S82.1", "A15.0", "S72.0", "K80.2", "F32.1")
_UNFIT = ("F33.2", "T94.0", "I63.9", "C34.1", "G35", "N18.5", "I50.0", "M05.9")
_HANDICAPS = ("F84.0", "G80.1", "Q90.9", "H90.3", "H54.0", "F71")
_OPEN, _PORTAL = (0.55, 0.4, 0.05), (0.1, 0.6, 0.3)


def _visit(
    name: str, share: float, specialties: tuple[str, ...], rest: tuple[str, ...],
    icds: tuple[str, ...],
) -> Service:  # fmt: skip
    """Return visits to a specialist, with what he does and prescribes."""
    return Service(
        name, "ambulatory", "reimbursement", share, _ADULT, specialties, "prescriber", ("C2",),
        rest, (0.25, 0.4, 0.25, 0.1), icds, span=6,
    )  # fmt: skip


AMBULATORY: tuple[Service, ...] = (
    Service("gp", "ambulatory", "reimbursement", 0.22, (("adult", 0.85), ("~chronic", 0.15)),
            ("general",), "prescriber", ("C", "C", "V"), (*_DRUGS, "PH-CARD"),
            (0.18, 0.3, 0.32, 0.2), _COLDS, _COLDS_CHILD, 0.5, 3),
    Service("gp-child", "ambulatory", "reimbursement", 0.08, (("child", 1.0),),
            ("paediatrics", "general"), "prescriber", ("C2", "C"), _DRUGS,
            (0.2, 0.35, 0.3, 0.15), _COLDS_CHILD, _COLDS_CHILD, 0.0, 2),
    _visit("heart", 0.028, ("cardiology",), ("K10", "K30", "PH-CARD"), ("R07.4",)),
    _visit("metabolism", 0.022, ("endocrinology",), ("B250", "PH-CARD"), ("E03.9", "E78.0")),
    _visit("bones", 0.028, ("rheumatology", "orthopaedics"), ("PH-ANT", "Z15"),
           ("M54.4", "M17.1", "M75.1")),
    _visit("digestion", 0.018, ("gastroenterology",), ("K50", "PH-GAST"), ("K29.7", "R10.4")),
    _visit("skin", 0.014, ("dermatology",), ("PH-DERM",), ("L70.0", "L20.9")),
    _visit("headache", 0.01, ("neurology",), ("PH-ANT",), ("G43.9",)),
    Service("gynaecology", "ambulatory", "reimbursement", 0.04, (("woman", 1.0),),
            ("gynaecology",), "prescriber", ("C2",), ("Z60", "PH-ANT", "PH-ATB"),
            (0.3, 0.5, 0.2), ("Z34.9", "N92.0", "N39.0"), (), 0.0, 4),
    Service("psychiatry", "ambulatory", "reimbursement", 0.015, _ADULT, ("psychiatry",),
            "prescriber", ("CPSY",), ("PH-PSY",), (0.2, 0.5, 0.3), ("F32.1", "F41.1", "F33.2")),
    Service("chronic-visit", "ambulatory", "reimbursement", 0.04, (("~chronic", 1.0),),
            ("pathology",), "prescriber", ("C2",), ("K10", "PH-CARD", "B100"),
            (0.2, 0.4, 0.3, 0.1), (), (), 1.0, 8),
    Service("laboratory", "ambulatory", "reimbursement", 0.075, (("adult", 0.5), ("child", 0.12),
            ("~chronic", 0.38)), ("general", "endocrinology", "gynaecology"), "laboratory",
            ("B70",), ("B30", "B120", "B100", "B250"), (0.08, 0.2, 0.3, 0.26, 0.16),
            ("D50.9", "E03.9", "E78.0", "N39.0"), ("D50.9", "A09"), 0.9),
    Service("radiology", "ambulatory", "reimbursement", 0.035, _ANY,
            ("general", "orthopaedics", "gastroenterology"), "radiology", ("Z15", "Z60"), ("Z15",),
            (0.7, 0.3), ("M54.5", "S52.5", "R10.4", "J20.9"), ("S52.5", "R10.4")),
    Service("scanner", "ambulatory", "reimbursement", 0.015, _ADULT,
            ("neurology", "orthopaedics", "oncology"), "radiology", ("TDM", "IRM"), (), (1.0,),
            ("M54.4", "G43.9", "R10.4", "M75.1"), documents=0.08, kinds=("exams", "invoice")),
    Service("physiotherapy", "ambulatory", "reimbursement", 0.012, _ADULT,
            ("orthopaedics", "rheumatology", "general"), "physiotherapist", ("AMK7",), (), (1.0,),
            ("M54.5", "M17.1", "M75.1", "S82.1"), span=40, authorisation="EP"),
    Service("nursing", "ambulatory", "reimbursement", 0.008, (("senior", 1.0),), ("general",),
            "nurse", ("AMI4",), (), (1.0,), ("E11.9", "J18.9"), span=15),
    Service("optics", "ambulatory", "reimbursement", 0.02, _ANY, ("ophthalmology",), "optician",
            ("OPT-VERRE",), ("OPT-MONT",), (0.25, 0.75), ("H52.4", "H52.1"), ("H52.1",)),
    Service("appliances", "ambulatory", "authorisation", 0.008, _ADULT, ("orthopaedics",),
            "appliances", ("APP-GEN", "APP-SEM", "APP-PROT", "APP-AUD"), (), (1.0,),
            ("M17.1", "T94.0", "H90.3"), delay=(-30, -3), documents=0.3, kinds=("quote",),
            asks_first=True),
    Service("physiotherapy-request", "ambulatory", "authorisation", 0.008, _ADULT,
            ("orthopaedics", "rheumatology"), "physiotherapist", ("AMK7",), (), (1.0,),
            ("M54.5", "M17.1", "M75.1", "S82.1"), delay=(-60, -25), span=20, documents=0.2,
            asks_first=True),
    Service("speech-request", "ambulatory", "authorisation", 0.004, (("child", 1.0),),
            ("paediatrics", "neurology"), "physiotherapist", ("AMO10",), (), (1.0,),
            ("H90.3", "F84.0"), ("H90.3", "F84.0"), delay=(-60, -25), span=20, documents=0.2,
            asks_first=True),
)  # fmt: skip

OTHERS: tuple[Service, ...] = (
    Service("medicines", "medicines", "authorisation", 0.03, (("~chronic", 1.0),), ("pathology",),
            "pharmacy", ("@",), ("@",), (0.6, 0.4), chronic=1.0, delay=(0, 3), channels=_PORTAL,
            documents=0.12, kinds=("prescription", "exams"), asks_first=True, urgent=0.05),
    Service("medicines-renewal", "medicines", "renewal", 0.045, (("~chronic", 1.0),),
            ("pathology",), "pharmacy", ("@",), ("@",), (0.6, 0.4), chronic=1.0, delay=(0, 3),
            channels=_PORTAL, documents=0.06, kinds=("prescription",)),
    Service("dental-care", "dental", "reimbursement", 0.04, _ANY, ("@dentist",), "dentist",
            ("D10", "D20"), ("D10", "D20"), (0.4, 0.33, 0.17, 0.1), ("K02.1", "K04.0"),
            ("K02.1",), span=20),
    Service("prosthesis", "dental", "reimbursement", 0.006, _ADULT, ("@dentist",), "dentist",
            ("DP60", "DP30"), ("DP60", "DP30"), (0.4, 0.3, 0.2, 0.1), ("K08.1",), span=15,
            authorisation="EP", documents=0.1, kinds=("invoice", "x-ray")),
    Service("prosthesis-request", "dental", "authorisation", 0.01, _ADULT, ("@dentist",),
            "dentist", ("DP60", "DP30"), ("DP60", "DP30"), (0.35, 0.3, 0.2, 0.15), ("K08.1",),
            delay=(-25, -3), documents=0.45, kinds=("quote", "x-ray"), asks_first=True),
    Service("orthodontics", "dental", "orthodontics", 0.004, (("braces", 0.97),
            ("braces_late", 0.03)), ("@orthodontist",), "orthodontist", ("ODF-SEM",),
            ("ODF-BIL",), (0.6, 0.4), ("K07.3",), ("K07.3",), delay=(-20, -2), documents=0.5,
            kinds=("quote", "x-ray"), asks_first=True),
    Service("ald-first", "ald", "first", 0.01, (("new_chronic", 1.0),), ("pathology",),
            "prescriber", chronic=1.0, delay=(0, 9), channels=_OPEN, documents=0.5,
            kinds=("confidential_envelope", "exams", "prescription")),
    Service("ald-renewal", "ald", "renewal", 0.012, (("chronic", 1.0),), ("pathology",),
            "prescriber", chronic=1.0, delay=(0, 9), channels=_OPEN, documents=0.4,
            kinds=("confidential_envelope", "exams")),
    Service("ald-aggravation", "ald", "aggravation", 0.003, (("chronic", 1.0),), ("pathology",),
            "prescriber", chronic=1.0, delay=(0, 9), channels=_OPEN, documents=0.5,
            kinds=("confidential_envelope", "exams"), urgent=0.1),
    Service("invalidity-first", "invalidity", "first", 0.003, (("invalid", 1.0),),
            ("neurology", "psychiatry", "orthopaedics", "general"), "prescriber", icds=_UNFIT,
            delay=(5, 120), scheme=Scheme.GENERAL, channels=(0.8, 0.2, 0.0), documents=0.6,
            kinds=("form", "confidential_envelope", "exams")),
    Service("invalidity-review", "invalidity", "review", 0.002, (("invalid", 1.0),),
            ("neurology", "psychiatry", "general"), "prescriber", icds=_UNFIT, delay=(0, 10),
            scheme=Scheme.GENERAL, channels=(0.8, 0.2, 0.0), documents=0.5,
            kinds=("confidential_envelope", "exams")),
    Service("disability-first", "disability", "first", 0.003, (("disabled", 1.0),),
            ("paediatrics", "neurology"), "prescriber", icds=_HANDICAPS, icds_child=_HANDICAPS,
            delay=(0, 20), scheme=Scheme.GENERAL, channels=(0.7, 0.3, 0.0), documents=0.5,
            kinds=("medical_certificate", "disability-card")),
    Service("disability-renewal", "disability", "renewal", 0.002, (("disabled", 1.0),),
            ("paediatrics", "neurology"), "prescriber", icds=_HANDICAPS, icds_child=_HANDICAPS,
            delay=(0, 20), scheme=Scheme.GENERAL, channels=(0.7, 0.3, 0.0), documents=0.4,
            kinds=("medical_certificate", "disability-card")),
    Service("abroad", "care_abroad", "authorisation", 0.0022, (("tumour", 0.5), ("child", 0.3),
            ("adult", 0.2)), ("oncology", "cardiology", "surgery"), "abroad", ("ABROAD-1",),
            ("ABROAD-2",), (0.7, 0.3), ("C22.0", "I25.1"), ("Q20.3", "Q21.0"), 1.0, 20,
            (-70, -25), _OPEN, documents=0.7, kinds=("exams", "quote", "certificate"),
            asks_first=True, urgent=0.2),
    Service("abroad-after", "care_abroad", "a_posteriori", 0.0004, _ADULT, ("general",), "abroad",
            ("ABROAD-1",), ("ABROAD-2",), (0.8, 0.2), ("R07.4", "S72.0", "K35.8"), span=6,
            delay=(10, 55), documents=0.6, kinds=("invoice", "exams")),
    Service("abroad-longer", "care_abroad", "prolongation", 0.0004, (("tumour", 1.0),),
            ("oncology",), "abroad", ("ABROAD-1",), (), (1.0,), chronic=1.0, span=15,
            delay=(-25, -18), documents=0.6, kinds=("exams", "quote"), authorisation="PEC"),
    Service("convention", "conventional", "opening", 0.005, _ANY, ("general",), "hospital",
            ("HOSP-MED", "C"), ("C", "B70"), (0.6, 0.3, 0.1), ("R07.4", "J18.9", "M54.4"),
            ("J18.9", "A09"), 0.3, 10, (-20, -12), (0.6, 0.4, 0.0), Scheme.CONVENTIONAL,
            kinds=("form-459-1-42",), asks_first=True),
    Service("convention-longer", "conventional", "prolongation", 0.002, _ANY, ("general",),
            "hospital", ("HOSP-MED", "C"), (), (1.0,), ("R07.4", "J18.9"), ("J18.9",), 0.3, 10,
            (-20, -12), (0.6, 0.4, 0.0), Scheme.CONVENTIONAL, kinds=("form-459-1-42",),
            asks_first=True),
)  # fmt: skip


def _stay(
    name: str, weight: float, pools: tuple[tuple[str, float], ...], prescribers: tuple[str, ...],
    provider: str, acts: tuple[tuple[str, ...], tuple[str, ...]], icds: tuple[str, ...],
    chronic: float = 0.0,
) -> tuple[Service, ...]:  # fmt: skip
    """Return the three files of one kind of hospital stay; a tenth of a stay's share each kind."""

    def part(nature: str, share: float, offset: int, number: int) -> Service:
        return Service(
            f"{name}-{nature}", "hospital", nature, share * weight, pools, prescribers, provider,
            *acts, (0.3, 0.4, 0.3) if acts[1] else (1.0,), icds, icds, chronic,
            channels=(0.08, 0.42, 0.5), documents=0.3 if number == 0 else 0.15,
            kinds=("confidential-note", "exams") if number == 0 else ("invoice", "exams"),
            authorisation="" if nature == "authorisation" else "PEC", asks_first=number == 0,
            urgent=0.15 if nature == "authorisation" else 0.0, episode=f"stay-{name}",
            offset=offset, part=number, length=(1, 7),
        )  # fmt: skip

    return (
        part("authorisation", 0.035, 2, 0),
        part("prolongation", 0.006, -6, 1),
        part("invoice", 0.024, -32, 0),
    )


def _leave(name: str, nature: str, share: float, offset: int, part: int) -> Service:
    return Service(
        name, "sick_leave", nature, share, (("worker", 1.0),),
        ("general", "orthopaedics", "psychiatry", "rheumatology"), "prescriber",
        icds=_WEAK if part == 0 else _LASTING + _WEAK[:2], scheme=Scheme.GENERAL,
        channels=(0.5, 0.4, 0.1), documents=0.1, kinds=("form-312-1-16", "confidential_envelope"),
        episode="leave", offset=offset, part=part, length=(3, 12),
    )  # fmt: skip


STAYS: tuple[Service, ...] = (
    *_stay("surgery", 0.22, (("adult", 0.85), ("child", 0.15)), ("surgery",), "clinic",
           (("HOSP-CHIR",), ("KC80", "ANES")), ("K80.2", "K35.8", "K40.9")),
    *_stay("hip", 0.06, (("senior", 1.0),), ("orthopaedics",), "clinic",
           (("HOSP-CHIR",), ("IMPL-HAN", "ANES")), ("S72.0", "M17.1")),
    *_stay("cataract", 0.07, (("senior", 1.0),), ("ophthalmology",), "clinic",
           (("HOSP-CHIR",), ("IMPL-CRIST",)), ("H25.1",)),
    *_stay("coronary", 0.07, (("senior", 1.0),), ("cardiology",), "clinic",
           (("HOSP-MED",), ("IMPL-STENT", "HOSP-REA")), ("I25.1",)),
    *_stay("medicine", 0.18, (("adult", 0.6), ("~chronic", 0.4)), ("general", "pulmonology"),
           "hospital", (("HOSP-MED",), ("HOSP-REA", "K50", "B250")), ("J18.9", "A09"), 0.8),
    *_stay("birth", 0.12, (("mother", 1.0),), ("gynaecology",), "clinic", (("ACC", "CESAR"), ()),
           ("O80.9", "O82.9")),
    *_stay("chemotherapy", 0.14, (("tumour", 1.0),), ("oncology",), "clinic",
           (("CHIMIO",), ("RADIOTH", "HOSP-MED")), ("Z51.1",), 1.0),
    *_stay("dialysis", 0.14, (("~kidney", 1.0),), ("nephrology",), "dialysis", (("DIAL",), ()),
           ("Z49.1",), 1.0),
)  # fmt: skip

LEAVES: tuple[Service, ...] = (
    _leave("leave", "first", 0.033, -3, 0),
    _leave("leave-longer", "prolongation", 0.012, -17, 1),
    Service("maternity", "sick_leave", "maternity", 0.01, (("mother", 1.0),), ("gynaecology",),
            "prescriber", icds=("Z34.9",), scheme=Scheme.GENERAL, channels=(0.5, 0.4, 0.1),
            kinds=("form-312-1-16",), episode="maternity", offset=-2, length=(98, 98)),
)  # fmt: skip

SERVICES: tuple[Service, ...] = AMBULATORY + OTHERS + STAYS + LEAVES
BY_NAME: dict[str, int] = {service.name: number for number, service in enumerate(SERVICES)}
