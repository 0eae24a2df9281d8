"""Luxembourg's long-term care on the real database: plans, bills, controls, reassessments."""
