"""The life of a rule set (cycle de vie): drafts, second person, publication, what is in force."""
