"""Numloom: NumPy programs, unchanged, at the speed of hand-fused kernels.

    import numloom as np          # the NumPy API on the Numloom engine
    python -m numloom script.py   # an unmodified NumPy script on it

Names are NumPy's. Beyond them: `set_device`, `device`, `eval`, `synchronize`, `asnumpy`, `set_fallback` and the views of
`numloom.debug`.
"""

import atexit as _atexit
import gc as _gc
import os as _os
import sys as _sys

# Under `python -m numloom` nothing of the user's is there yet, and nothing that is loaded now becomes garbage.
_launched = _sys.argv[:1] == ["-m"] and {"numloom", "-mnumloom"} & {*_sys.orig_argv}
_collects = _launched and _gc.isenabled()
if _collects:
    _gc.disable()

# A BLAS reads its settings when it is loaded. NumPy's starts as the user's say; but its threads, which wait for work by spinning
# for a tenth of a second, from their start on, do so for half a millisecond (2**20 ticks): the processors are needed.
_blas_settings = {name: _os.environ.get(name) for name in ("OPENBLAS_THREAD_TIMEOUT", "OPENBLAS_NUM_THREADS")}
_os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")
import numpy as _numpy  # noqa: E402, F401

# Ours works on one thread a call (src/backend/cpu/lib/matmul.cpp): spare the start the threads that it would start when loaded.
_os.environ["OPENBLAS_NUM_THREADS"] = "1"
from numloom import _core  # noqa: E402

for _name, _value in _blas_settings.items():
    if _value is None:
        del _os.environ[_name]
    else:
        _os.environ[_name] = _value
from numloom import _filters, _json, _ndarray, _testing  # noqa: E402
from numloom._fallback import FallbackError, FallbackWarning  # noqa: E402
from numloom._fallback import bridges as _bridges  # noqa: E402
from numloom._fallback import compiled as _compiled  # noqa: E402
from numloom._fallback import policy as _policy  # noqa: E402
from numloom._fallback import target as _target  # noqa: E402
from numloom._fallback.convert import from_host as _from_host  # noqa: E402

# Where the nvidia-* wheels are.
for _folder in _sys.path:
    if _folder.rstrip("/").endswith(("site-packages", "dist-packages")):
        _core.add_site_folder(_folder)
_ndarray.complete()
_core.set_hooks(
    fallback=_target.fallback,
    fallback_ufunc=_target.fallback_ufunc,
    from_host=_from_host,
    lending=_target.lending,
    lent_method=_target.lent_method,
)

from numloom import _namespace  # noqa: E402  (needs the completed ndarray)

_names = _namespace.build()
globals().update(_names)
_namespace.register_submodules(__name__)
# What the Array API standard asks of a namespace beside functions; NumPy's build. (Other names with underscores are the module's.)
for _name in ("__array_api_version__", "__array_namespace_info__", "__config__"):
    if hasattr(_namespace.facade(), _name):  # NumPy 2.0 has not all of them
        globals()[_name] = getattr(_namespace.facade(), _name)
# `numpy._core` is private and yet found in many programs: what our compiled module of that name lacks is looked up there.
_core.__getattr__ = _namespace.facade("numpy._core").__getattr__
_core.__path__ = []
_filters.install()
_bridges.install()
_compiled.install()
_json.install()
_testing.install()

from numloom import debug  # noqa: E402
from numloom._device import asnumpy, device, eval, set_device, synchronize  # noqa: E402
from numloom._fallback import set_policy as set_fallback  # noqa: E402
from numloom._version import __version__  # noqa: E402

ndarray = _core.ndarray
_ndarray.present_as(__name__)
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(
        before=_core.before_fork, after_in_parent=_core.after_fork_parent, after_in_child=_core.after_fork_child
    )
_atexit.register(_core.before_exit)
# Under `python -m numloom` the launcher reads the variables: options beat them, and errors in them are one line.
if not _launched:
    _policy.configure_from_environment()
    if _os.environ.get("NUMLOOM_DEVICE"):
        set_device(_os.environ["NUMLOOM_DEVICE"])

_OWN = "FallbackError FallbackWarning asnumpy debug device eval set_device set_fallback synchronize".split()
__all__ = sorted({*_names, *_namespace.public(), *_OWN})


def __getattr__(name):
    # Names that NumPy keeps but does not list, and its messages about those it removed.
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_namespace.facade(), name)
    if name in vars(_namespace.facade()):  # a module that was imported just now, not what NumPy makes up when asked
        globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_names})


if _collects:
    if not _gc.get_freeze_count():  # newer Pythons have frozen objects of their own
        _gc.freeze()  # from the young objects to the old without a look at them
        _gc.unfreeze()
    _gc.enable()
