"""Fallback: NumPy runs a call that the engine does not have, on a host view of the same storage.

Contract
- Whether a call falls back is decided before it is made. No error of a call is ever caught to try it another way.
- Our arrays are lent as views of their own storage, so aliasing survives; a view may be written where its array may:
  NumPy copies what is read-only where it wants memory of a certain form (np.interp, np.correlate).
- A result that lies inside one of our storages comes back as a view of it, an argument that is returned comes back as
  the very object that the caller passed, and a fresh result is adopted without a copy.
- Every fallback is recorded with the line that made it (`record.py`), and obeys the policy (`policy.py`).
"""

from numloom._fallback.policy import FallbackError, FallbackWarning, get_policy, set_policy
from numloom._fallback.target import Target, target_of

__all__ = ["FallbackError", "FallbackWarning", "Target", "get_policy", "set_policy", "target_of"]
