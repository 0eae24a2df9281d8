"""The pages, one package a desk; each has a ``router`` that ``ui.app`` includes."""
