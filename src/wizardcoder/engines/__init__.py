"""Engines: one way to ask any model for text.

engine = TransformersEngine.load(Path("model/round-3"))
texts = [s.text for s in engine.generate(["def add(a, b):"], Sampling(max_tokens=64))]
"""

from __future__ import annotations

from wizardcoder.engines.engine import Engine, Sampled, Sampling
from wizardcoder.engines.transformers import TransformersEngine

__all__ = ["Engine", "Sampled", "Sampling", "TransformersEngine"]
