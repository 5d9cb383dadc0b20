"""Policies: texts, approvals, publications and acknowledgements are what the trail tells."""

from geartrain.services.governance import verify_policies

VERIFIER = verify_policies
