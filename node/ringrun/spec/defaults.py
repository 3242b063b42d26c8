"""From a file to pod settings for all runs: YAML of the shape of spec.template, under its rules.

Called by the operator, whose `--defaults` names the file; a run's own template overrides them.
"""

from pathlib import Path as FilePath
from typing import Any

from ringrun.spec.faults import Places, raise_faults
from ringrun.spec.reading import file_text
from ringrun.spec.template import TEMPLATE


def load_template(file: FilePath) -> dict[str, Any]:
    """The settings that a file holds; none if it is empty. SpecError with every fault."""
    from ringrun.spec.text import read_text

    text = file_text(file, "pod settings, as spec.template has them")
    template, lines, faults = read_text(text, str(file), may_be_empty=True)
    places = Places(source=str(file), lines=lines)
    raise_faults([*faults, *TEMPLATE.faults(template, ())], places)
    return dict(template)
