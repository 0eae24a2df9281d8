"""Acts (actes) with labels and price ranges, invented in the manner of the Moroccan lists."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """An act: unit price from ``low`` to ``high`` cents, up to ``quantity`` units on a line."""

    code: str
    label: str
    low: int
    high: int
    quantity: tuple[int, int] = (1, 1)
    has_tooth: bool = False


def _a(code: str, label: str, low: int, high: int, quantity: tuple[int, int] = (1, 1)) -> Act:
    """Return an act; prices in whole dirhams."""
    return Act(code, label, low * 100, high * 100, quantity, code.startswith(("D10", "D20", "DP")))


ACTS: tuple[Act, ...] = (
    _a("C", "Consultation au cabinet, médecin généraliste", 80, 150),
    _a("C2", "Consultation au cabinet, médecin spécialiste", 150, 300),
    _a("CPSY", "Consultation de psychiatrie", 190, 350),
    _a("V", "Visite à domicile", 120, 200),
    _a("K10", "Acte technique K10 (électrocardiogramme)", 100, 250),
    _a("K30", "Acte technique K30 (échographie Doppler)", 300, 650),
    _a("K50", "Acte technique K50 (endoscopie)", 550, 1100),
    _a("B30", "Biologie, cotation B30", 33, 45, (1, 2)),
    _a("B70", "Biologie, cotation B70 (hémogramme)", 77, 105),
    _a("B120", "Biologie, cotation B120 (bilan lipidique)", 132, 180),
    _a("B100", "Biologie, cotation B100 (HbA1c)", 110, 150),
    _a("B250", "Biologie, cotation B250 (bilan hormonal)", 275, 380),
    _a("Z15", "Radiographie standard Z15", 120, 250),
    _a("Z60", "Échographie abdominale", 250, 450),
    _a("TDM", "Scanner", 900, 1500),
    _a("IRM", "Imagerie par résonance magnétique", 1800, 2800),
    _a("AMI4", "Soins infirmiers AMI4", 30, 60, (1, 15)),
    _a("AMK7", "Kinésithérapie, séance AMK7", 70, 130, (8, 20)),
    _a("AMO10", "Orthophonie, séance AMO10", 100, 180, (8, 20)),
    _a("OPT-MONT", "Monture de lunettes", 200, 600),
    _a("OPT-VERRE", "Verre correcteur", 150, 700, (2, 2)),
    _a("APP-GEN", "Genouillère articulée", 600, 1600),
    _a("APP-SEM", "Semelles orthopédiques", 350, 800, (2, 2)),
    _a("APP-PROT", "Prothèse de membre", 9000, 38000),
    _a("APP-AUD", "Appareil auditif", 4000, 11000, (1, 2)),
    _a("PH-ATB", "Antibiotique", 40, 180, (1, 2)),
    _a("PH-ANT", "Antalgique, anti-inflammatoire", 15, 80, (1, 3)),
    _a("PH-RESP", "Traitement respiratoire", 40, 260, (1, 2)),
    _a("PH-GAST", "Traitement digestif", 30, 190, (1, 2)),
    _a("PH-CARD", "Traitement cardio-vasculaire", 50, 320, (1, 3)),
    _a("PH-PSY", "Psychotrope", 40, 300, (1, 2)),
    _a("PH-DERM", "Traitement dermatologique", 40, 220, (1, 2)),
    _a("D10", "Soins conservateurs D10", 150, 280),
    _a("D20", "Traitement endodontique D20", 280, 480),
    _a("D25", "Détartrage D25", 200, 400),
    _a("DP30", "Prothèse amovible, par dent DP30", 350, 700),
    _a("DP60", "Couronne DP60", 900, 2200),
    _a("ODF-SEM", "Orthodontie, semestre de traitement", 2200, 4500),
    _a("ODF-BIL", "Orthodontie, bilan et moulages", 500, 1100),
    _a("HOSP-MED", "Hospitalisation médicale, journée", 550, 900, (2, 9)),
    _a("HOSP-CHIR", "Séjour chirurgical, forfait", 4500, 14000),
    _a("HOSP-REA", "Réanimation, journée", 1500, 2500, (1, 4)),
    _a("KC80", "Acte chirurgical KC80", 1800, 3200),
    _a("ANES", "Anesthésie", 600, 1500),
    _a("IMPL-HAN", "Implant : prothèse de hanche", 9000, 22000),
    _a("IMPL-STENT", "Implant : endoprothèse coronaire", 7000, 15000, (1, 2)),
    _a("IMPL-CRIST", "Implant : cristallin", 1200, 3200),
    _a("ACC", "Accouchement, forfait", 2500, 4000),
    _a("CESAR", "Accouchement par césarienne, forfait", 6500, 9500),
    _a("DIAL", "Séance d'hémodialyse", 780, 850, (12, 13)),
    _a("CHIMIO", "Séance de chimiothérapie", 2500, 9000, (1, 3)),
    _a("RADIOTH", "Séance de radiothérapie", 700, 1400, (5, 25)),
    _a("ABROAD-1", "Hospitalisation à l'étranger, devis", 90_000, 480_000),
    _a("ABROAD-2", "Transport sanitaire international", 15_000, 70_000),
    _a("MED-1005", "Insuline analogue, stylos", 280, 950, (1, 3)),
    _a("MED-1010", "Antidiabétique oral, association", 260, 620, (1, 3)),
    _a("MED-1110", "Antihypertenseur, association", 220, 520, (1, 3)),
    _a("MED-1120", "Bêta-bloquant et diurétique", 160, 420, (1, 3)),
    _a("MED-1310", "Collyre antiglaucomateux", 180, 420, (1, 3)),
    _a("MED-1315", "Collyre, association fixe", 220, 480, (1, 3)),
    _a("MED-2110", "Anticoagulant oral direct", 680, 1250, (1, 3)),
    _a("MED-2201", "Érythropoïétine, seringues", 1100, 2400, (1, 3)),
    _a("MED-2205", "Chélateur du phosphate", 900, 1600, (1, 2)),
    _a("MED-2230", "Chélateur du fer", 1800, 4200, (1, 2)),
    _a("MED-2231", "Hydroxycarbamide", 500, 1100, (1, 2)),
    _a("MED-2310", "Corticoïde et bêta-2 inhalés", 350, 780, (1, 3)),
    _a("MED-2315", "Bronchodilatateur de longue durée", 380, 820, (1, 3)),
    _a("MED-2410", "Traitement de l'hypertension portale", 250, 600, (1, 2)),
    _a("MED-2415", "Mésalazine", 520, 1100, (1, 3)),
    _a("MED-2510", "Antiépileptique", 240, 700, (1, 3)),
    _a("MED-2515", "Antiépileptique de seconde génération", 480, 1100, (1, 3)),
    _a("MED-2520", "Antispastique", 300, 700, (1, 2)),
    _a("MED-2525", "Corticoïde de fond", 400, 900, (1, 2)),
    _a("MED-2530", "Lévodopa, association", 350, 800, (1, 3)),
    _a("MED-2535", "Agoniste dopaminergique", 600, 1300, (1, 2)),
    _a("MED-2610", "Antipsychotique", 450, 1200, (1, 3)),
    _a("MED-2615", "Thymorégulateur", 300, 750, (1, 3)),
    _a("MED-2710", "Immunosuppresseur", 900, 2400, (1, 2)),
    _a("MED-2715", "Méthotrexate, stylos", 500, 1200, (1, 3)),
    _a("MED-3310", "Anti-VEGF intravitréen", 3500, 9000),
    _a("MED-3510", "Antiviral direct de l'hépatite C", 3200, 5500, (1, 3)),
    _a("MED-3520", "Interféron bêta", 7800, 10500, (1, 2)),
    _a("MED-3530", "Antirétroviral, trithérapie", 900, 1900, (1, 3)),
    _a("MED-3535", "Antirétroviral, inhibiteur d'intégrase", 1500, 3200, (1, 2)),
    _a("MED-3610", "Facteur VIII", 4500, 14000, (1, 3)),
    _a("MED-3710", "Anti-TNF alpha, stylos", 6500, 11000, (1, 2)),
    _a("MED-3907", "Trastuzumab", 12000, 17500, (1, 2)),
    _a("MED-3915", "Hormonothérapie anticancéreuse", 900, 2600, (1, 3)),
    _a("MED-3920", "Imatinib", 9500, 16000),
)  # fmt: skip

INDEX: dict[str, int] = {act.code: number for number, act in enumerate(ACTS)}
