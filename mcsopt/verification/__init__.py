"""Why believe it: certificates, and the checker that trusts nobody (`mcsopt.verification.check`)."""

from mcsopt.verification.certificate import Certificate, save_certificates
from mcsopt.verification.certification import Bound, certify, find_bound, seal, verify
from mcsopt.verification.equilibrium import certify_equilibrium, plain_certificate

__all__ = [
    "Bound",
    "Certificate",
    "certify",
    "certify_equilibrium",
    "find_bound",
    "plain_certificate",
    "save_certificates",
    "seal",
    "verify",
]
