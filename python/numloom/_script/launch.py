"""Runs the user's program as python itself would: `__main__`, `sys.argv`, `sys.path`, tracebacks and exit status."""

import atexit
import builtins
import importlib.machinery
import os
import re
import runpy
import sys
import types

from numloom import _core
from numloom._script import mode

_HERE = os.path.dirname(os.path.abspath(__file__))
_PACKAGE = os.path.dirname(_HERE)
_safe_path = bool(getattr(sys.flags, "safe_path", False))


def _fresh_main():
    """A real module as `__main__`; the launcher's own is out of the way."""
    main = types.ModuleType("__main__")
    main.__builtins__ = builtins
    main.__annotations__ = {}
    sys.modules["__main__"] = main
    return main


def _set_path(first):
    """`python -m numloom` put the current directory first; put there what python would have."""
    if not _safe_path:
        sys.path[0] = first


# What a text that multiplies matrices most likely holds; a guess costs nothing but time on another thread.
_PRODUCTS = rb"[\w\])] *@=? *[\w(]|\b(dot|matmul|vdot|inner|tensordot|einsum)\("


def _activate(options, roots, source=b"", **keywords):
    mode.activate(options, roots, **keywords)
    if _core.device() == "cuda":
        _core.start_early(re.search(_PRODUCTS, source) is not None)


def launch(options):
    """Run what the options name, then leave by SystemExit with python's exit status."""
    runner = {"script": _run_script, "module": _run_module, "code": _run_code, "stdin": _run_stdin, "interactive": _interact}
    try:
        runner[options.kind](options)
    except SystemExit:
        raise
    except BaseException as error:
        _die(error)


# ------------------------------------------------------------------------------------------------ the kinds of program


def _is_imported_from(path):
    """Whether the import system takes it for a place of modules: a folder or an archive."""
    for hook in sys.path_hooks:
        try:
            hook(path)
            return True
        except ImportError:
            pass
    return False


def _run_script(options):
    path = options.target
    sys.argv[:] = [path, *options.args]
    if _is_imported_from(path):  # and has a __main__
        _fresh_main()
        sys.path[0:1] = [os.path.abspath(path)] if not _safe_path else [os.path.abspath(path), sys.path[0]]
        _activate(options, [path if os.path.isdir(path) else os.path.dirname(os.path.abspath(path))])
        runpy._run_module_as_main("__main__", alter_argv=False)
        return
    absolute = os.path.abspath(path)
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        sys.stderr.write(f"{sys.executable}: can't open file {absolute!r}: [Errno {error.errno}] {error.strerror}\n")
        raise SystemExit(2) from None
    folder = os.path.dirname(os.path.realpath(path))
    main = _fresh_main()
    _set_path(folder)
    main.__file__ = absolute
    main.__cached__ = None
    if path.endswith(".pyc"):
        main.__loader__ = importlib.machinery.SourcelessFileLoader("__main__", absolute)
        code = main.__loader__.get_code("__main__")
    else:
        main.__loader__ = importlib.machinery.SourceFileLoader("__main__", absolute)
        code = compile(source, absolute, "exec", dont_inherit=True)
    _activate(options, [folder], source)
    exec(code, main.__dict__)


def _run_module(options):
    sys.argv[:] = ["-m", *options.args]
    main = _fresh_main()
    cwd = os.getcwd()
    _set_path(cwd)
    main.__loader__ = importlib.machinery.BuiltinImporter
    _activate(options, [cwd], main_is_user=False)
    runpy._run_module_as_main(options.target)


def _run_code(options):
    sys.argv[:] = ["-c", *options.args]
    _run_source(options, options.target, "<string>")


def _run_stdin(options):
    sys.argv[:] = [options.target or "", *options.args]
    stream = getattr(sys.stdin, "buffer", sys.stdin)
    _run_source(options, stream.read(), "<stdin>")


def _run_source(options, source, filename):
    main = _fresh_main()
    main.__loader__ = importlib.machinery.BuiltinImporter
    _set_path("")
    text = source if isinstance(source, bytes) else source.encode()
    _activate(options, [os.getcwd()], text, main_source=text)
    if filename == "<stdin>":
        main.__file__, main.__cached__ = filename, None
    if sys.version_info >= (3, 13) and filename == "<string>":
        _show_source_of(text.decode(errors="replace"))
    exec(compile(source, filename, "exec", dont_inherit=True), main.__dict__)


def _show_source_of(text):
    import linecache

    linecache.cache["<string>"] = (len(text), None, text.splitlines(True), "<string>")


def _interact(options):
    import code

    main = _fresh_main()
    main.__loader__ = importlib.machinery.BuiltinImporter
    _set_path("")
    sys.argv[:] = [""]
    _activate(options, [os.getcwd()])
    code.interact(local=main.__dict__, exitmsg="")


# ------------------------------------------------------------------------------------------------ how a program dies


def _is_ours(frame):
    name = frame.f_code.co_filename
    return name.startswith(_HERE)


def _without_launcher(trace):
    """The traceback without the frames of script mode."""
    kept = []
    while trace is not None:
        if not _is_ours(trace.tb_frame):
            kept.append(trace)
        trace = trace.tb_next
    result = None
    for entry in reversed(kept):
        result = types.TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result


def _clean(error, seen=None):
    """Strip the launcher's frames from an exception and from those that led to it."""
    seen = set() if seen is None else seen
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = _without_launcher(error.__traceback__)
        if error.__cause__ is not None:
            _clean(error.__cause__, seen)
        error = error.__context__


_interrupted = False


def prepare_exit():
    """Register, before anything else does, what must come last at exit: dying of SIGINT as python does."""
    atexit.register(_die_of_interrupt)


def _die_of_interrupt():
    if not _interrupted:
        return
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def _die(error):
    """Show an exception that the program let out, and leave with python's status for it."""
    global _interrupted
    _clean(error)
    trace = error.__traceback__
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    try:
        sys.excepthook(type(error), error, trace)
    except SystemExit:
        raise
    except BaseException as broken:
        import traceback

        sys.stderr.write("Error in sys.excepthook:\n")
        _clean(broken)
        traceback.print_exception(broken, chain=False)
        sys.stderr.write("\nOriginal exception was:\n")
        sys.__excepthook__(type(error), error, trace)
    if isinstance(error, KeyboardInterrupt):
        _interrupted = True
        raise SystemExit(130) from None
    raise SystemExit(1) from None
