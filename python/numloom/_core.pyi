# The compiled module; its functions are checked by the tests, not by types.
from typing import Any

def __getattr__(name: str) -> Any: ...
