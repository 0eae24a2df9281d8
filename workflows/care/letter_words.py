"""Words of a bill's calculation in letters to providers, French and Arabic."""

from collections.abc import Mapping

Words = tuple[str, str]

#: Why minutes are not accepted (``CutReason``).
CUTS: Mapping[str, Words] = {
    "no_right": ("au-delà du plan, sans droit à un dépassement", "خارج الخطة دون حق في التجاوز"),
    "over_limit": ("au-delà du plan et du dépassement permis", "خارج الخطة والتجاوز المسموح به"),
    "in_hospital": ("jours d’hospitalisation", "أيام الاستشفاء"),
    "over_level": ("niveau facturé au-dessus du niveau retenu", "مستوى مفوتر أعلى من المعتمد"),
    "not_executed": ("actes non exécutés au-delà de la limite", "أعمال غير منجزة تتجاوز الحد"),
}

#: Parameters of the law by path.
LAW: Mapping[str, Words] = {
    "aev.weekly_overrun_minutes": (
        "Dépassement maximal par semaine (minutes)",
        "أقصى تجاوز أسبوعي (دقائق)",
    ),
    "aev.weekly_ceiling_minutes": (
        "Plafond légal par semaine (minutes)",
        "السقف القانوني الأسبوعي (دقائق)",
    ),
    "fluctuation.stay_min_days": (
        "Durée minimale du séjour aigu (jours)",
        "أدنى مدة للإقامة الحادة (أيام)",
    ),
    "fluctuation.need_min_days": ("Durée minimale du besoin (jours)", "أدنى مدة للحاجة (أيام)"),
    "fluctuation.need_max_months": ("Durée maximale du besoin (mois)", "أقصى مدة للحاجة (أشهر)"),
    "fluctuation.rounding": ("Arrondi au paiement", "التقريب عند الأداء"),
    "non_executed.month_percent": (
        "Actes non exécutés : part du mois (%)",
        "الأعمال غير المنجزة: نسبة الشهر (%)",
    ),
    "non_executed.year_percent": (
        "Actes non exécutés : part de l’année (%)",
        "الأعمال غير المنجزة: نسبة السنة (%)",
    ),
    "non_executed.flat_rate_cut": (
        "Effet des actes non exécutés sur le forfait",
        "أثر الأعمال غير المنجزة على المبلغ الجزافي",
    ),
}

#: Readings of the law, as values of parameters.
VALUES: Mapping[str, Words] = {
    "once_half_up": ("à la minute la plus proche", "إلى أقرب دقيقة"),
    "once_down": ("à la minute inférieure", "إلى الدقيقة الأدنى"),
    "parts_half_up": ("chaque partie à la minute la plus proche", "كل جزء إلى أقرب دقيقة"),
    "by_share": ("au prorata", "بالتناسب"),
    "none": ("aucun", "لا شيء"),
}

LEVEL: Words = ("Forfait hebdomadaire du niveau", "المبلغ الجزافي الأسبوعي للمستوى")

#: Why there is no right to an overrun (``right.Reason``).
REASONS: Mapping[str, Words] = {
    "no_stay": ("Aucun séjour hospitalier n’est connu.", "لا تعرف أي إقامة بالمستشفى."),
    "not_acute": ("Le séjour n’était pas en milieu aigu.", "لم تكن الإقامة في وسط حاد."),
    "stay_too_short": (
        "Le séjour aigu a duré {0} jours, {1} sont exigés.",
        "دامت الإقامة الحادة {0} أيام والمطلوب {1}.",
    ),
}
