"""Devices, and when work runs."""

from numloom import _core
from numloom._fallback.convert import to_host


def set_device(name):
    """Choose where work runs: 'cpu', 'cuda', or 'auto' (a GPU where there is one and it pays)."""
    _core.set_device(name)


def device():
    """The device that work runs on now."""
    return _core.device()


def eval(*arrays):
    """Run what these arrays need; without arguments, everything that is pending. Returns when it has been handed to the
    device, which on a GPU may be before it has ended (see `synchronize`)."""
    if not arrays:
        _core.eval_all()
        return
    pending = []
    for item in arrays:
        pending.extend(item if isinstance(item, (list, tuple)) else (item,))
    _core.eval(*filter(_core.is_ours, pending))


def synchronize():
    """Run everything that is pending and wait for the device to end it."""
    _core.synchronize()


def asnumpy(array):
    """A NumPy array of the same storage where that is possible: writes to either show in both."""
    import numpy

    return numpy.asarray(to_host(array))
