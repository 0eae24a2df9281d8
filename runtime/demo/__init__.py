"""The demonstration (`medcontrol demo`): a believable fund and one day of files."""
