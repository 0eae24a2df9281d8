"""Diagnoses (CIM-10) and the 41 long-term illnesses (ALD) as the generator needs them."""

from dataclasses import dataclass

SPECIALTIES: tuple[str, ...] = (
    "general", "cardiology", "endocrinology", "psychiatry", "orthopaedics", "oncology",
    "gynaecology", "paediatrics", "ophthalmology", "rheumatology", "nephrology", "neurology",
    "pulmonology", "gastroenterology", "dermatology", "surgery",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pathology:
    """A long-term illness: who has it, who treats it, with what.

    ``weights`` are relative frequencies among chronically ill children, adults up to 59 and
    seniors. ``months`` are initial and renewal validity. Invented, but for the list itself.
    """

    number: int
    icd10: str
    label: str
    specialty: str
    weights: tuple[float, float, float]
    medicines: tuple[str, str]
    months: tuple[int, int] = (60, 60)

    @property
    def code(self) -> str:
        """The code that files carry."""
        return f"ma-ald-{self.number:02d}"


def _p(
    number: int, icd10: str, label: str, specialty: str, weights: str, medicines: str,
    months: tuple[int, int] = (60, 60),
) -> Pathology:  # fmt: skip
    child, adult, senior = (float(part) for part in weights.split())
    first, second = (f"MED-{part}" for part in medicines.split())
    return Pathology(
        number, icd10, label, specialty, (child, adult, senior), (first, second), months
    )


PATHOLOGIES: tuple[Pathology, ...] = (
    _p(1, "I63.9", "Infarctus cérébral", "neurology", "0 1 4", "1110 1005", (36, 60)),
    _p(2, "C83.3", "Lymphome diffus à grandes cellules B", "oncology", "2 1 1.5", "3907 3920"),
    _p(3, "D57.1", "Drépanocytose", "paediatrics", "6 .4 .1", "2230 2231"),
    _p(4, "D61.9", "Aplasie médullaire", "oncology", "1 .1 .1", "2230 3920"),
    _p(5, "I70.2", "Artériopathie oblitérante des membres", "cardiology", "0 1 3", "1110 1005"),
    _p(6, "J45.5", "Asthme sévère", "pulmonology", "14 5 3", "2310 2315", (36, 36)),
    _p(7, "Q21.0", "Communication interventriculaire", "cardiology", "10 .1 0", "1120 1110"),
    _p(8, "K74.6", "Cirrhose du foie", "gastroenterology", "0 .5 1", "2410 2415"),
    _p(9, "E11.9", "Diabète de type 2", "endocrinology", "0 26 30", "1005 1010"),
    _p(10, "G40.3", "Épilepsie généralisée", "neurology", "16 3 1", "2510 2515"),
    _p(11, "F71", "Retard mental moyen", "psychiatry", "8 .6 0", "2610 2510"),
    _p(12, "G71.0", "Dystrophie musculaire", "neurology", "5 .4 .1", "2520 2525"),
    _p(13, "H40.1", "Glaucome chronique à angle ouvert", "ophthalmology", "0 3 6", "1310 1315"),
    _p(14, "I10", "Hypertension artérielle sévère", "cardiology", "0 18 26", "1110 1120"),
    _p(15, "I50.0", "Insuffisance cardiaque", "cardiology", "1 1 5", "1120 2110"),
    _p(16, "N17.9", "Insuffisance rénale aiguë", "nephrology", "1 .3 .6", "2201 1120", (6, 12)),
    _p(
        17, "N18.5", "Insuffisance rénale chronique terminale", "nephrology", "1 2.5 4", "2201 2205"
    ),
    _p(18, "J44.9", "Bronchopneumopathie obstructive grave", "pulmonology", "0 1 4", "2315 2310"),
    _p(19, "M32.1", "Lupus érythémateux systémique", "rheumatology", "2 1 .3", "2710 2715"),
    _p(20, "I25.1", "Maladie coronaire", "cardiology", "0 3 8", "1110 2110"),
    _p(21, "K50.1", "Maladie de Crohn du côlon", "gastroenterology", "2 1.6 .3", "3710 2415"),
    _p(22, "G20", "Maladie de Parkinson", "neurology", "0 .3 2", "2530 2535"),
    _p(
        23,
        "B18.2",
        "Hépatite virale C chronique",
        "gastroenterology",
        "0 2 1.5",
        "3510 2410",
        (24, 24),
    ),
    _p(24, "D46.9", "Myélodysplasie", "oncology", "0 .2 .5", "3920 2230"),
    _p(25, "N04.9", "Néphropathie grave", "nephrology", "4 1 .6", "2201 2710"),
    _p(26, "M05.9", "Polyarthrite rhumatoïde", "rheumatology", "1 4 3", "3710 2715"),
    _p(27, "F20.0", "Schizophrénie paranoïde", "psychiatry", "1 4 1", "2610 2615"),
    _p(28, "K51.9", "Rectocolite hémorragique", "gastroenterology", "2 1.4 .3", "3710 2415"),
    _p(29, "H36.0", "Rétinopathie diabétique", "ophthalmology", "0 1.5 2.5", "3310 1005"),
    _p(30, "M34.0", "Sclérodermie systémique", "rheumatology", "0 .3 .1", "2710 2715"),
    _p(31, "G35", "Sclérose en plaques", "neurology", "0 1.4 .1", "3520 2520"),
    _p(32, "M45", "Spondylarthrite ankylosante", "rheumatology", "0 3 .4", "3710 2715"),
    _p(33, "B24", "Infection par le VIH", "general", ".4 .8 .1", "3530 3535"),
    _p(34, "N04.1", "Syndrome néphrotique", "nephrology", "6 .4 .2", "2710 2201", (36, 36)),
    _p(
        35,
        "F60.3",
        "Trouble grave de la personnalité",
        "psychiatry",
        "0 1 .1",
        "2610 2615",
        (36, 36),
    ),
    _p(36, "D66", "Hémophilie A", "paediatrics", "5 .3 0", "3610 2230"),
    _p(
        37,
        "F06.3",
        "Trouble mental d'origine organique",
        "psychiatry",
        "1 .4 1",
        "2615 2610",
        (36, 36),
    ),
    _p(38, "I48", "Fibrillation auriculaire", "cardiology", "0 1 4", "2110 1120"),
    _p(39, "C50.9", "Tumeur maligne", "oncology", "3 8 8", "3907 3915"),
    _p(40, "I05.0", "Valvulopathie rhumatismale", "cardiology", "4 2 1", "2110 1120"),
    _p(41, "M31.3", "Vascularite", "rheumatology", "1 .4 .4", "2710 3710"),
)

# Tumours differ by sex and age: (icd10, label) for men and women.
TUMOURS_M = (("C61", "Tumeur maligne de la prostate"), ("C34.1", "Tumeur maligne du poumon"))
TUMOURS_F = (("C50.9", "Tumeur maligne du sein"), ("C53.9", "Tumeur maligne du col utérin"))
TUMOURS_CHILD = (("C91.0", "Leucémie lymphoblastique aiguë"), ("C71.9", "Tumeur de l'encéphale"))

LABELS: dict[str, str] = {pathology.icd10: pathology.label for pathology in PATHOLOGIES} | {
    **dict(TUMOURS_M + TUMOURS_F + TUMOURS_CHILD),
    "J06.9": "Infection aiguë des voies respiratoires supérieures",
    "J20.9": "Bronchite aiguë", "J03.9": "Amygdalite aiguë", "H66.9": "Otite moyenne",
    "A09": "Gastro-entérite", "L20.9": "Dermatite atopique", "L70.0": "Acné",
    "N39.0": "Infection urinaire", "K29.7": "Gastrite", "K80.2": "Lithiase vésiculaire",
    "K35.8": "Appendicite aiguë", "K40.9": "Hernie inguinale", "M54.5": "Lombalgie basse",
    "M54.4": "Lombalgie avec sciatique", "M17.1": "Gonarthrose primaire",
    "M75.1": "Coiffe des rotateurs",
    "S82.1": "Fracture de l'extrémité supérieure du tibia", "S52.5": "Fracture du radius distal",
    "S72.0": "Fracture du col du fémur", "H52.1": "Myopie", "H52.4": "Presbytie",
    "H25.1": "Cataracte sénile",
    "D50.9": "Anémie ferriprive", "E03.9": "Hypothyroïdie", "E78.0": "Hypercholestérolémie",
    "R07.4": "Douleur thoracique", "R10.4": "Douleurs abdominales", "G43.9": "Migraine",
    "F32.1": "Épisode dépressif moyen", "F41.1": "Anxiété généralisée",
    "Z34.9": "Surveillance de grossesse",
    "O80.9": "Accouchement unique spontané", "O82.9": "Accouchement par césarienne",
    "N92.0": "Ménorragies", "K02.1": "Carie de la dentine", "K04.0": "Pulpite",
    "K08.1": "Perte de dents",
    "K07.3": "Anomalie de position dentaire", "Z00.1": "Examen de santé de l'enfant",
    "J18.9": "Pneumopathie", "A15.0": "Tuberculose pulmonaire",
    "F33.2": "Trouble dépressif récurrent sévère",
    "F84.0": "Autisme infantile", "G80.1": "Diplégie spastique", "Q90.9": "Trisomie 21",
    "H90.3": "Surdité bilatérale", "H54.0": "Cécité bilatérale",
    "T94.0": "Séquelles de traumatismes",
    "Z49.1": "Dialyse extracorporelle", "Z51.1": "Séance de chimiothérapie",
    "C22.0": "Carcinome hépatocellulaire",
    "Q20.3": "Transposition des gros vaisseaux",
}  # fmt: skip
