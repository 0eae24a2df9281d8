"""Luxembourg's long-term care (assurance dépendance): overruns, billing, levels, reassessment.

Exact arithmetic on minutes, without a clock, a database or a look at the law: the terms of law
come as arguments. The cases in ``cases/`` say the same in a form that a lawyer reads.
"""
