"""Pictures of every flow's forms and letters, to be looked at: ``python -m tests.e2e.gallery OUT``.

Forms are those of a real file's page, in French and Arabic; letters are set with invented context.
Flows may be named after the folder: ``python -m tests.e2e.gallery OUT dental appeal``.
"""

import sys
from pathlib import Path

from tests.e2e.gallery.beside import shoot_beside
from tests.e2e.gallery.forms import shoot_forms
from tests.e2e.gallery.letters import print_letters
from tests.e2e.gallery.stage import open_stage


def main() -> None:
    """Write the pictures of the flows that are named, of all of them when none is."""
    out, wanted = Path(sys.argv[1]), set(sys.argv[2:])
    out.mkdir(parents=True, exist_ok=True)
    print_letters(out, wanted)
    with open_stage(out) as stage:
        shoot_forms(stage, wanted)
        shoot_beside(stage, wanted)


if __name__ == "__main__":
    main()
