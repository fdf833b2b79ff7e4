"""The report: what ran where, what it cost, and what to change. As text and as JSON."""

from numloom._report.collect import collect
from numloom._report.output import as_text, at_exit

__all__ = ["as_text", "at_exit", "collect"]
