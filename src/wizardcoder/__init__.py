"""WizardCoder: turn coding instructions into a better code model.

seeds → evolve → clean → train → generate → evaluate → report
"""

__version__ = "0.1.0"
