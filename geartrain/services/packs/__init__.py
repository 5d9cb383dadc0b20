"""Packs: frozen answers, what was decided over them, and what became known since."""
