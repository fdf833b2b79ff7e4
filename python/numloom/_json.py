"""`json` and the scalars of `import numloom`: a float64 is a float to it, as NumPy's own is; it refuses the others."""

import functools

from numloom import _core
from numloom._fallback.after_import import after_import

_ndarray = _core.ndarray


def _teach(module):
    encoder = module.JSONEncoder
    plain = encoder.default

    @functools.wraps(plain)
    def default(self, o):
        if type(o) is _ndarray:
            scalar = _core.to_numpy(o)  # NumPy's scalar, where `o` is one of ours
            return float(scalar) if isinstance(scalar, float) else plain(self, scalar)
        return plain(self, o)

    encoder.default = default


def install():
    after_import("json.encoder", _teach)
