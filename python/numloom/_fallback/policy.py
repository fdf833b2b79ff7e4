"""What a fallback does besides running: nothing, a warning, or an error.

The policy is process-wide: `NUMLOOM_FALLBACK`, `--fallback` of script mode, or `set_policy`.
"""

import os
import warnings

from numloom import _core

POLICIES = ("silent", "warn", "error")


class FallbackWarning(UserWarning):
    """A call ran on NumPy under the policy `warn`."""


class FallbackError(RuntimeError):
    """A call would have run on NumPy under the policy `error`."""


_policy = "silent"
_core.allow_quick_fallbacks(True)


def set_policy(name):
    """Choose what a fallback does: 'silent', 'warn' or 'error'. Returns the policy that was in force."""
    global _policy
    if name not in POLICIES:
        raise ValueError(f"the fallback policy is one of {', '.join(POLICIES)}, not {name!r}")
    previous, _policy = _policy, name
    _core.allow_quick_fallbacks(name == "silent")
    return previous


def get_policy():
    return _policy


def enforce(name, reason, code, line):
    """Warn or raise for a fallback of `name` made at `line` of `code`. REQUIRES: the policy is not 'silent'."""
    message = f"{name} runs on NumPy: {reason}"
    if _policy == "error":
        raise FallbackError(message)
    filename = code.co_filename if code is not None else "<unknown>"
    warnings.warn_explicit(message, FallbackWarning, filename, line or 1)


def configure_from_environment():
    value = os.environ.get("NUMLOOM_FALLBACK")
    if value:
        set_policy(value)
