"""One training step, recorded once and replayed by a compiled interpreter: see README.md in this folder."""
