"""A month of a fund with virtual people and a moved clock (simulation), on its own database.

The gate, the flows, assignment and the night's work are the real ones.

``month`` is the calendar, ``people`` who works, ``answers`` what they say, ``report`` what came
of it. Nothing is delivered: letters are written and wait, as on a day when the post is shut.
"""
