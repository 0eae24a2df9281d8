"""Whether a partial acceptance of a bill says how many minutes it keeps (contrôle de facture)."""

from medcontrol.rules.checks.case import Case, Figure, Found, Verdict, check


@check("care_kept")
def care_kept(case: Case) -> Found:
    """Say whether minutes are kept: without them a partial acceptance would ask all of them back.

    Found only where a person types them, so that it is silent elsewhere.
    """
    kept = case.typed.get("minutes_kept")
    if isinstance(kept, str) and kept.strip().isdigit():
        kept = int(kept)
    if isinstance(kept, bool) or not isinstance(kept, int) or kept <= 0:
        return Found(Verdict.UNKNOWN)
    return Found(Verdict.FITS, (Figure("kept", kept, "count"),))
