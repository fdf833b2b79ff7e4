"""Switches the process to script mode. Used by the launcher and by processes that multiprocessing starts."""

import warnings

from numloom import _core, _ndarray
from numloom._fallback import policy
from numloom._script import bridges, children, classes, redirect
from numloom._script.usercode import UserCode


def activate(options, roots, main_is_user=True, main_source=None):
    """Redirect the imports of the user's modules, with the device and the policy that the options name."""
    _core.set_script_mode(True)
    _ndarray.present_as("numpy")
    if options.device:
        _core.set_device(options.device)
    policy.set_policy(options.fallback)
    if options.verify:
        from numloom._report import verify

        verify.start()
    user = UserCode(roots, options.include, options.exclude, main_is_user, main_source)
    redirect.install(user)
    classes.install(user)
    children.install(options, roots, main_is_user)
    bridges.install()
    flush_around_warning_filters()


def flush_around_warning_filters():
    """Warnings of pending work belong under the filters that it was recorded under: a change of filters flushes first."""

    def flushing(function):
        def call(*args, **kwargs):
            _core.settle()
            return function(*args, **kwargs)

        call.__wrapped__ = function
        call.__name__ = function.__name__
        call.__doc__ = function.__doc__
        return call

    for name in ("filterwarnings", "simplefilter", "resetwarnings"):
        setattr(warnings, name, flushing(getattr(warnings, name)))
    for name in ("__enter__", "__exit__"):
        setattr(warnings.catch_warnings, name, flushing(getattr(warnings.catch_warnings, name)))
