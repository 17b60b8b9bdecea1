"""Does the sandbox hold here? Programs that attack it in every way we know, tried one by one.

`ladder` finds out which levels the machine offers. `run` sets up what the programs are after
(files, a secret, listeners), judges them at one level, and looks from outside for what they did.
The programs lie beside this module, by class, as TOML.

>>> len(programs()) >= 100
True
"""

from wizardcoder.sandbox.conformance.ladder import Rung, ladder
from wizardcoder.sandbox.conformance.programs import Attack, Program, programs
from wizardcoder.sandbox.conformance.suite import Report, Violation, run

__all__ = ["Attack", "Program", "Report", "Rung", "Violation", "ladder", "programs", "run"]
