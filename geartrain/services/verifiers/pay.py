"""Pay: locked periods, their statements and their ledger are what the trail tells."""

from geartrain.services.pay.verifying import verify_pay

VERIFIER = verify_pay
