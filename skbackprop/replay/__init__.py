"""Record a training step once, then replay it by a compiled interpreter: see README.md in this folder."""
