"""What controls found (résultats): effectiveness, new schemes, drift, fairness, probes, cases.

Computing is pure (columns in, dataclasses out); what keeps or reads rows says so.
"""
