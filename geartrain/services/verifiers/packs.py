"""Packs: what was frozen is what the trail tells."""

from geartrain.services.packs.life import verify_packs

VERIFIER = verify_packs
