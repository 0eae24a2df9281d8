"""Believable contexts for the templates. All people are invented."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from medcontrol.queries.document_reader import show
from medcontrol.queries.file_page import (
    FileAction,
    FileCounts,
    FileHeader,
    FilePage,
    FileTab,
    LineDraft,
    Motive,
    Neighbours,
    OpinionDraft,
    OpinionPanel,
    OutcomeOption,
    Presence,
)
from medcontrol.queries.file_tabs import (
    ClockRow,
    Diagnosis,
    DocumentRow,
    FlowStep,
    FlowTab,
    HistoryRow,
    JournalKind,
    JournalRow,
    MedicalSummary,
    MessageRow,
    OpinionRow,
    Person,
    Piece,
    PieceState,
    Professional,
    Reason,
    RequestLine,
    RequestTab,
    Right,
    StepState,
    SummaryTab,
)
from medcontrol.queries.letters import FileLetter
from medcontrol.queries.paper import FilePaper
from medcontrol.queries.worklist import (
    BulkAction,
    Due,
    DueState,
    FilterChip,
    FilterOption,
    Paging,
    QueueFilters,
    QueuePage,
    QueueRow,
    QueueTab,
    Signal,
    Tab,
    View,
)
from medcontrol.vocabulary import (
    ActorKind,
    Channel,
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    DecisionOutcome,
    DocumentClass,
    EntitlementStatus,
    Lane,
    LetterStatus,
    LetterWay,
    LineOutcome,
    MessageAudience,
    Origin,
    Role,
    Scheme,
    Sex,
    StepKind,
)
from ui.contexts import DemoAccount, ErrorPage, LoginPage
from ui.shell import Shell, ShellUser

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, 12, tzinfo=UTC)

DOCTOR = ShellUser(
    name="Dr Salma Bennani",
    roles=(Role.DOCTOR,),
    unit_name="Agence CASABLANCA-1",
    level=ControlLevel.LOCAL,
    is_doctor=True,
    open_files=42,
)
SHELL = Shell(
    fund_name="Caisse (démonstration)",
    path="/queue",
    user=DOCTOR,
    csrf_token="sample",
    notifications=5,
    is_demo=True,
)

NAMES = ("Bennani Amina", "Alaoui Youssef", "El Fassi Khadija", "Berrada Omar", "Tazi Salma",
         "Idrissi Rachid", "Chraibi Nadia", "Lahlou Hamza", "Sqalli Imane", "Amrani Mehdi",
         "Ouazzani Fatima-Zahra", "Kettani Driss")  # fmt: skip
KINDS = (
    ("ald", "renewal", "ALD", StepKind.CONTROL_ON_FILE, ControlMode.ON_FILE),
    ("invalidity", "review", "PI", StepKind.EXAMINATION, ControlMode.IN_PERSON),
    ("hospital", "invoice", "HOS", StepKind.CONTROL_ON_FILE, ControlMode.ON_FILE),
    ("medicines", "authorisation", "MED", StepKind.CONTROL_ON_FILE, ControlMode.ON_FILE),
    ("sick_leave", "prolongation", "IJM", StepKind.EXAMINATION, ControlMode.IN_PERSON),
    ("dental", "orthodontics", "DEN", StepKind.CONTROL_ON_FILE, ControlMode.ON_FILE),
)
DUES = (
    (DueState.LATE, -2), (DueState.LATE, -1), (DueState.TODAY, 0), (DueState.TODAY, 0),
    (DueState.SOON, 1), (DueState.SOON, 2), (DueState.SOON, 3), (DueState.LATER, 5),
)  # fmt: skip
SIGNALS = (
    (Signal(code="new_document"),), (), (Signal(code="opinion_received"), Signal(code="message")),
    (), (Signal(code="appointment", on=date(2026, 11, 24)),), (), (),
)  # fmt: skip


def queue_row(number: int) -> QueueRow:
    """Return a line of the queue; the higher the number, the later it is due."""
    flow, nature, letters, kind, mode = KINDS[number % len(KINDS)]
    state, days = DUES[min(number // 2, len(DUES) - 1)]
    return QueueRow(
        task_id=UUID(int=1000 + number),
        control_file_id=UUID(int=number),
        reference=f"{letters}-2026-{8812 + number * 37:07d}-{number % 10}",
        person_name=NAMES[number % len(NAMES)],
        person_birth_year=1948 + number * 3 % 60,
        flow=flow,
        nature=nature,
        lane=(Lane.ORANGE, Lane.RED, Lane.ORANGE, Lane.BLUE)[number % 4],
        mode=mode,
        level=ControlLevel.LOCAL if number % 5 else ControlLevel.REGIONAL,
        step=kind.value,
        kind=kind,
        status=ControlFileStatus.AWAITING_CONTROL,
        due=Due(on=TODAY + timedelta(days=max(days, -3) + number // 9), state=state,
                working_days=days),
        received_on=TODAY - timedelta(days=12 - number // 3),
        age_days=9 - number // 4,
        is_urgent=number in (1, 4),
        signals=SIGNALS[number % len(SIGNALS)],
    )  # fmt: skip


def queue_page() -> QueuePage:
    """Return a doctor's queue in the middle of a morning."""
    filters = QueueFilters(view="today", flow=("ald", "invalidity"))
    return QueuePage(
        today=TODAY,
        filters=filters,
        tabs=(
            Tab(key=QueueTab.TODO, count=42),
            Tab(key=QueueTab.WAITING, count=11, woken=2),
            Tab(key=QueueTab.BACK, count=5),
            Tab(key=QueueTab.DONE, count=1284),
            Tab(key=QueueTab.TEAM, count=318),
        ),
        views=(
            View(key="all", count=42),
            View(key="today", count=18),
            View(key="urgent", count=4),
            View(key="late", count=4),
            View(key="ald", count=21, flow="ald"),
            View(key="invalidity", count=9, flow="invalidity"),
            View(key="hospital", count=7, flow="hospital"),
            View(key="sick_leave", count=5, flow="sick_leave"),
        ),
        chips=(
            FilterChip(name="flow", values=("ald", "invalidity"), without=filters.address(flow=())),
            FilterChip(name="due", values=("within_7",), without=filters.address()),
        ),
        flow_options=(
            FilterOption(value="ald", count=21, is_chosen=True),
            FilterOption(value="invalidity", count=9, is_chosen=True),
            FilterOption(value="hospital", count=7, is_chosen=False),
        ),
        lane_options=(
            FilterOption(value="red", count=12, is_chosen=False),
            FilterOption(value="orange", count=30, is_chosen=False),
        ),
        rows=tuple(queue_row(number) for number in range(25)),
        paging=Paging(first=1, last=25, total=42, next="abc"),
        bulk_actions=(BulkAction.REASSIGN, BulkAction.HOLD, BulkAction.EXPORT),
    )


def empty_queue_page() -> QueuePage:
    """Return a queue with nothing left, and files that will wake up."""
    return replace(
        queue_page(), rows=(), chips=(), waking_soon=11, paging=Paging(first=0, last=0, total=0)
    )


LINES = (
    RequestLine(no=1, act="HOSP-CHIR", title="Chirurgie orthopédique, genou", quantity="1",
                unit_price_cents=972247, amount_cents=972247, on=date(2026, 11, 9)),
    RequestLine(no=2, act="KINE-R", title="Rééducation, séance", quantity="20",
                unit_price_cents=9000, amount_cents=180000, on=date(2026, 11, 12)),
    RequestLine(no=3, act="IMP-GEN", title="Implant, plateau tibial", quantity="1",
                unit_price_cents=1450000, amount_cents=1450000, on=date(2026, 11, 9)),
)  # fmt: skip

HISTORY = (
    HistoryRow(reference="HOS-2025-0003311-0", flow="hospital", nature="authorisation",
               lane=Lane.ORANGE, received_on=date(2025, 9, 4), closed_on=date(2025, 9, 9),
               outcome=DecisionOutcome.GRANTED, doctor_name="Dr Idriss Naciri"),
    HistoryRow(reference="IJM-2025-0001120-4", flow="sick_leave", nature="prolongation",
               lane=Lane.RED, received_on=date(2025, 3, 18), closed_on=date(2025, 3, 31),
               outcome=DecisionOutcome.PARTIALLY_GRANTED, doctor_name="Dr Salma Bennani"),
    HistoryRow(reference="MED-2024-0009007-8", flow="medicines", nature="authorisation",
               lane=Lane.ORANGE, received_on=date(2024, 11, 2), closed_on=date(2024, 11, 5),
               outcome=DecisionOutcome.REFUSED_MEDICAL, doctor_name="Dr Leila Ouazzani",
               may_open=False),
)  # fmt: skip

SUMMARY = SummaryTab(
    reasons=(
        Reason(code="first_request",
               text="Première demande : l'examen sur personne est obligatoire."),
        Reason(code="long_leave", text="Arrêts de travail de plus de 180 jours sur douze mois."),
    ),
    origins=(Origin.MANDATORY, Origin.RULE),
    matched_rows=("M-PI-01", "R-IJM-07"),
    medical=MedicalSummary(
        diagnoses=(
            Diagnosis(code="M17.1", title="Gonarthrose primaire unilatérale", is_main=True),
            Diagnosis(code="E66.0", title="Obésité due à un excès calorique", is_main=False),
        ),
        summary="Gonarthrose droite stade IV, échec du traitement conservateur de 14 mois. "
        "Périmètre de marche 200 m, douleurs nocturnes. Indication de prothèse posée par deux "
        "chirurgiens. Antécédents : HTA traitée, IMC 33.",
    ),
    rights=(
        Right(number="ALD-77202", flow="ald", title="ALD 20 – HTA sévère",
              valid_from=date(2022, 1, 1), valid_to=date(2026, 12, 31),
              next_review_on=date(2026, 10, 2), status=EntitlementStatus.UNDER_REVIEW),
        Right(number="PI-10422", flow="invalidity", title=None, valid_from=date(2024, 5, 1),
              valid_to=None, next_review_on=date(2027, 5, 1), status=EntitlementStatus.ACTIVE),
    ),
    pieces=(
        Piece(kind="request_form", title="Formulaire de demande", state=PieceState.PRESENT,
              is_required=True, document_id=UUID(int=1)),
        Piece(kind="confidential_note", title="Pli confidentiel du médecin",
              state=PieceState.PRESENT, is_required=True, document_id=UUID(int=2)),
        Piece(kind="operative_report", title="Compte rendu opératoire",
              state=PieceState.ANNOUNCED, is_required=True),
        Piece(kind="implant_sheet", title="Fiche d'implant", state=PieceState.MISSING,
              is_required=True),
        Piece(kind="quote", title="Devis", state=PieceState.REQUESTED, is_required=False),
    ),
    recent=HISTORY,
    recent_total=12,
)  # fmt: skip

REQUEST = RequestTab(
    channel=Channel.PORTAL, source="si-amo", external_id="AMO-001-00000183",
    received_at=NOW - timedelta(days=6), amount_cents=2602247,
    prescriber=Professional(id="999102104", name="Dr Hicham Zniber", specialty="orthopaedics"),
    provider=Professional(id="999200069", name="Clinique Al Andalous", kind="clinic"),
    care_from=date(2026, 11, 9), care_to=date(2026, 11, 16), authorisation="PEC-77202",
    paper_location="CASABLANCA-1 / étagère 3", paper_slip="BRD-07869", paper_pages=8,
)  # fmt: skip

DOCUMENTS = (
    DocumentRow(id=UUID(int=1), number=1, kind="request_form", title="Formulaire de demande",
                document_class=DocumentClass.ADMINISTRATIVE, media_type="application/pdf",
                size=182_000, added_at=NOW - timedelta(days=6), is_stored=True, may_open=True,
                seen_by_me=True),
    DocumentRow(id=UUID(int=2), number=2, kind="confidential_note", title="Pli confidentiel",
                document_class=DocumentClass.MEDICAL, media_type="application/pdf", size=96_400,
                added_at=NOW - timedelta(days=6), is_stored=True, may_open=True),
    DocumentRow(id=UUID(int=3), number=3, kind="imaging", title="Radiographie du genou",
                document_class=DocumentClass.MEDICAL, media_type="image/png", size=2_410_000,
                added_at=NOW - timedelta(days=2), is_stored=False, may_open=True),
)  # fmt: skip

OPINIONS = (
    OpinionRow(step_title="Examen sur personne", level=ControlLevel.LOCAL,
               doctor_name="Dr Salma Bennani", given_at=NOW - timedelta(days=3),
               outcome_title="Avis favorable, transmis au régional", tone="grant",
               reasoning="Raideur en flexion à 70°, boiterie. Indication justifiée.",
               lines=((1, LineOutcome.ACCEPTED, None),
                      (2, LineOutcome.MODIFIED, "Nombre de séances ramené à 15"))),
)  # fmt: skip

MESSAGES = (
    MessageRow(author_name="Karim Alami (accueil)", audience=MessageAudience.EVERYONE,
               sent_at=NOW - timedelta(hours=22), is_mine=False,
               text="La fiche d'implant a été réclamée à la clinique ce matin."),
    MessageRow(author_name="Dr Salma Bennani", audience=MessageAudience.DOCTORS,
               sent_at=NOW - timedelta(hours=2), is_mine=True,
               text="Je préfère attendre la radiographie avant de me prononcer."),
)  # fmt: skip

FLOW = FlowTab(
    pack="ma/hospital/1",
    diagram_address="/sample.bpmn",
    steps=(
        FlowStep(element_id="completeness", title="Vérification des pièces",
                 state=StepState.DONE, by="Karim Alami", at=NOW - timedelta(days=5),
                 outcome="Complet"),
        FlowStep(element_id="control", title="Contrôle sur dossier", state=StepState.CURRENT,
                 by="Dr Salma Bennani", at=NOW - timedelta(days=4)),
        FlowStep(element_id="examination", title="Examen sur personne",
                 state=StepState.SKIPPED),
    ),
    clocks=(
        ClockRow(name="Réponse à l'assuré", is_legal=True, amount=48, unit="working_hour",
                 parameter="hospital/answer_hours",
                 due=Due(on=date(2026, 11, 22), state=DueState.SOON, working_days=2)),
    ),
)  # fmt: skip

JOURNAL = (
    JournalRow(number=5, at=NOW - timedelta(hours=1), kind=JournalKind.READING,
               action="medical.read", actor_kind=ActorKind.USER, actor_label="Dr Salma Bennani"),
    JournalRow(number=4, at=NOW - timedelta(days=4), kind=JournalKind.ASSIGNMENT,
               action="assignment.changed", actor_kind=ActorKind.USER,
               actor_label="Hind Mernissi", before="Dr Idriss Naciri",
               after="Dr Salma Bennani"),
    JournalRow(number=3, at=NOW - timedelta(days=5), kind=JournalKind.STATE,
               action="completeness.checked", actor_kind=ActorKind.USER,
               actor_label="Karim Alami"),
    JournalRow(number=2, at=NOW - timedelta(days=6), kind=JournalKind.DOCUMENT,
               action="document.added", actor_kind=ActorKind.CLIENT, actor_label="si-amo"),
    JournalRow(number=1, at=NOW - timedelta(days=6), kind=JournalKind.SYSTEM,
               action="control_file.opened", actor_kind=ActorKind.SYSTEM, actor_label=""),
)  # fmt: skip

PANEL = OpinionPanel(
    kind=StepKind.CONTROL_ON_FILE,
    step_title="Contrôle sur dossier",
    outcomes=(
        OutcomeOption(code="granted", title="Accord", tone="grant", needs_validity=True,
                      consequence="L'assuré et la clinique reçoivent l'accord de prise en charge."),
        OutcomeOption(code="partial", title="Accord partiel", tone="partial", needs_motive=True,
                      consequence="Le courrier dit ce qui est pris en charge, et pourquoi."),
        OutcomeOption(code="refused", title="Refus médical", tone="refuse", needs_motive=True,
                      consequence="Refus motivé, avec les voies de recours."),
        OutcomeOption(code="summon", title="Convoquer pour examen", tone="neutral",
                      consequence="L'assuré reçoit une convocation ; l'agent fixe la date."),
    ),
    motives=(
        Motive(code="not_justified", title="Acte non justifié médicalement"),
        Motive(code="quantity", title="Quantité au-delà du besoin"),
    ),
    line_motives=(
        Motive(code="quantity", title="Quantité au-delà du besoin"),
        Motive(code="not_linked", title="Sans lien avec l'affection"),
    ),
    draft=OpinionDraft(
        lines=(
            LineDraft(no=1, outcome=LineOutcome.ACCEPTED),
            LineDraft(no=2, outcome=LineOutcome.MODIFIED, motive="quantity", quantity="15",
                      amount="1350.00"),
            LineDraft(no=3),
        ),
        outcome="partial",
        motive="quantity",
        reasoning="Indication retenue. Quinze séances suffisent après prothèse simple.",
        saved_at=NOW - timedelta(minutes=4),
    ),
    requestable_pieces=(
        Motive(code="operative_report", title="Compte rendu opératoire"),
        Motive(code="implant_sheet", title="Fiche d'implant"),
    ),
    hold_reasons=(Motive(code="awaiting_document", title="Attente d'un document"),),
    escalate_to=(
        OutcomeOption(code="specialist", title="Avis spécialisé régional", tone="neutral",
                      consequence="Le dossier revient ici avec l'avis."),
    ),
)  # fmt: skip

HEADER = FileHeader(
    control_file_id=UUID(int=7),
    task_id=UUID(int=1007),
    version=4,
    reference="HOS-2026-0009140-7",
    scheme=Scheme.AMO,
    flow="hospital",
    nature="invoice",
    lane=Lane.RED,
    level=ControlLevel.LOCAL,
    mode=ControlMode.ON_FILE,
    status=ControlFileStatus.AWAITING_CONTROL,
    step_title="Contrôle sur dossier",
    is_urgent=True,
    due=Due(on=date(2026, 11, 24), state=DueState.SOON, working_days=2),
    person=Person(name="El Fassi Khadija", birth_date=date(1961, 4, 12), sex=Sex.F,
                  registration_number="9990•••19"),
    unit_name="CASABLANCA-1",
    assigned_to="Dr Salma Bennani",
    is_mine=True,
    neighbours=Neighbours(queue_address="/queue?view=today", position=3, total=42,
                          previous_reference="ALD-2026-0008812-4",
                          next_reference="PI-2026-0009140-7"),
    presence=(Presence(name="Dr Naciri", since=NOW - timedelta(minutes=11)),),
)  # fmt: skip


LETTERS = (
    FileLetter(
        id=UUID(int=901), code="convocation", language="fr", recipient="insured",
        status=LetterStatus.SENT, way=LetterWay.AGENCY, written_at=NOW - timedelta(days=3),
        ready_at=None, sent_at=NOW - timedelta(days=2), carrier_reference="RK123456789MA",
        is_registered=True, receipt=None, receipt_on=None, batch=None, failure=None,
        is_given_up=False,
    ),
)  # fmt: skip
PAPER = FilePaper(location="CASA-1 / étagère 22", slip="BRD-08345", movements=(), envelopes=())


def file_page(tab: FileTab = FileTab.SUMMARY) -> FilePage:
    """Return the page of a file in its doctor's hands, with one tab loaded."""
    return FilePage(
        today=TODAY,
        now=NOW,
        header=HEADER,
        counts=FileCounts(documents=3, history=12, opinions=1, messages=2),
        tab=tab,
        actions=frozenset(FileAction) - {FileAction.CLAIM, FileAction.RELEASE},
        may_read_medical=True,
        lines=LINES,
        panel=PANEL,
        summary=SUMMARY if tab is FileTab.SUMMARY else None,
        request=REQUEST if tab is FileTab.REQUEST else None,
        documents=DOCUMENTS if tab is FileTab.DOCUMENTS else None,
        shown_document=show(DOCUMENTS, DOCUMENTS[1].id) if tab is FileTab.DOCUMENTS else None,
        history=HISTORY if tab is FileTab.HISTORY else None,
        opinions=OPINIONS if tab is FileTab.OPINIONS else None,
        messages=MESSAGES if tab is FileTab.MESSAGES else None,
        flow=FLOW if tab is FileTab.FLOW else None,
        journal=JOURNAL if tab is FileTab.JOURNAL else None,
        letters=LETTERS if tab is FileTab.LETTERS else None,
        letter_titles={"convocation": "Convocation"},
        paper=PAPER if tab is FileTab.LETTERS else None,
        may_administrate=True,
        may_copy_letters=True,
    )


LOGIN = LoginPage(
    next="/queue",
    demo_accounts=(
        DemoAccount(login="dr.bennani", name="Dr Salma Bennani", role=Role.DOCTOR,
                    unit_name="CASABLANCA-1", open_files=42),
        DemoAccount(login="k.alami", name="Karim Alami", role=Role.AGENT,
                    unit_name="CASABLANCA-1", open_files=17),
        DemoAccount(login="dr.naciri", name="Dr Idriss Naciri", role=Role.COORDINATOR,
                    unit_name="Direction régionale CASABLANCA-SETTAT", open_files=23),
        DemoAccount(login="dr.ouazzani", name="Dr Leila Ouazzani", role=Role.CENTRAL_DOCTOR,
                    unit_name="Niveau central", open_files=9),
        DemoAccount(login="h.mernissi", name="Hind Mernissi", role=Role.SUPERVISOR,
                    unit_name="Direction régionale CASABLANCA-SETTAT"),
        DemoAccount(login="admin", name="Nabil Sefrioui", role=Role.ADMINISTRATOR,
                    unit_name="Niveau central"),
    ),
)  # fmt: skip
ERROR = ErrorPage(status=403, code="forbidden", back="/queue")
