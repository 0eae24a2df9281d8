"""Law as dated data (droit daté): numbers of the law by jurisdiction, path and day."""
