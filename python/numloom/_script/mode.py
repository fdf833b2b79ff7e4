"""Switches the process to script mode. Used by the launcher and by processes that multiprocessing starts."""

from numloom import _core, _ndarray
from numloom._fallback import policy
from numloom._script import children, classes, redirect
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
