"""Why believe it: certificates, and the checker that trusts nobody (`mcsopt.verification.check`)."""

from mcsopt.verification.certificate import Certificate, save_certificates
from mcsopt.verification.certification import Bound, certify, find_bound, seal, verify

__all__ = ["Bound", "Certificate", "certify", "find_bound", "save_certificates", "seal", "verify"]
