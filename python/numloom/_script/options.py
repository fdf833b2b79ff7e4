"""The command line of script mode. Options stand before the program; all after it is the program's. Options beat
`NUMLOOM_*` variables."""

import os
import sys

USAGE = """\
usage: python -m numloom [options] script.py [args]
       python -m numloom [options] -m module [args]
       python -m numloom [options] -c code [args]
       python -m numloom [options] - [args]          (the program comes from standard input)

Runs an unmodified NumPy program on Numloom. What Numloom lacks runs on NumPy.

options:
  --device cpu|cuda|auto        where to compute (NUMLOOM_DEVICE; default: auto)
  --fallback silent|warn|error  what to do when a call runs on NumPy (NUMLOOM_FALLBACK; default: silent)
  --report                      print at the end what ran where and what it cost (NUMLOOM_REPORT=1)
  --report-json FILE            write the same as JSON (NUMLOOM_REPORT_JSON)
  --verify                      also run each flush under NumPy, report the first difference (NUMLOOM_VERIFY=1)
  --include PACKAGE             treat an installed package as your own code; may be repeated (NUMLOOM_INCLUDE=a,b)
  --exclude PACKAGE             leave a package or module on NumPy; may be repeated (NUMLOOM_EXCLUDE=a,b)
  --version                     print the versions and exit
  -h, --help                    print this and exit

Redirected are the imports of your own modules: the program, and files under its folder (with -m and -c: under the current
directory) that are not installed packages. Other libraries keep NumPy itself.
"""

_DEVICES = ("cpu", "cuda", "auto")
_POLICIES = ("silent", "warn", "error")
_OFF = ("", "0", "no", "off", "false")


class Options:
    """What a command line asks for; the keywords are the attributes."""

    def __init__(self, **given):
        self.device = None
        self.fallback = "silent"
        self.report = False
        self.report_json = None
        self.verify = False
        self.include = []
        self.exclude = []
        self.kind = ""  # 'script', 'module', 'code', 'stdin', 'interactive'
        self.target = ""
        self.args = []
        vars(self).update(given)


def _fail(message):
    sys.stderr.write(f"numloom: {message}\nTry `python -m numloom --help`.\n")
    raise SystemExit(2)


def _flag(name):
    return os.environ.get(name, "").strip().lower() not in _OFF


def _names(value):
    return [part.strip() for part in value.split(",") if part.strip()]


def _choice(value, allowed, what):
    if value not in allowed:
        _fail(f"{what} is one of {', '.join(allowed)}, not {value!r}")
    return value


def from_environment():
    options = Options()
    if os.environ.get("NUMLOOM_DEVICE"):
        options.device = _choice(os.environ["NUMLOOM_DEVICE"], _DEVICES, "NUMLOOM_DEVICE")
    if os.environ.get("NUMLOOM_FALLBACK"):
        options.fallback = _choice(os.environ["NUMLOOM_FALLBACK"], _POLICIES, "NUMLOOM_FALLBACK")
    options.report = _flag("NUMLOOM_REPORT")
    options.report_json = os.environ.get("NUMLOOM_REPORT_JSON") or None
    options.verify = _flag("NUMLOOM_VERIFY")
    options.include = _names(os.environ.get("NUMLOOM_INCLUDE", ""))
    options.exclude = _names(os.environ.get("NUMLOOM_EXCLUDE", ""))
    return options


def parse(arguments):
    """The options of a command line, without its first word. Exits for help, versions and mistakes, as python does."""
    options = from_environment()
    rest = list(arguments)

    def value(option, given):
        if given is not None:
            return given
        if not rest:
            _fail(f"{option} needs a value")
        return rest.pop(0)

    while rest:
        word = rest.pop(0)
        option, given = word, None
        if word.startswith("--") and "=" in word:
            option, _, given = word.partition("=")
        if option in ("-h", "--help"):
            sys.stdout.write(USAGE)
            raise SystemExit(0)
        if option == "--version":
            import numpy

            from numloom._version import __version__

            print(f"numloom {__version__} (NumPy {numpy.__version__}, Python {sys.version.split()[0]})")
            raise SystemExit(0)
        if option == "--device":
            options.device = _choice(value(option, given), _DEVICES, option)
        elif option == "--fallback":
            options.fallback = _choice(value(option, given), _POLICIES, option)
        elif option == "--report":
            options.report = True
        elif option == "--report-json":
            options.report_json = value(option, given)
        elif option == "--verify":
            options.verify = True
        elif option == "--include":
            options.include += _names(value(option, given))
        elif option == "--exclude":
            options.exclude += _names(value(option, given))
        elif word == "-":
            options.kind, options.target, options.args = "stdin", "-", rest
            return options
        elif word.startswith("-m") or word.startswith("-c"):
            options.kind = "module" if word[1] == "m" else "code"
            options.target = word[2:] if len(word) > 2 else value(word, None)
            options.args = rest
            return options
        elif word == "--" and rest:
            options.kind, options.target, options.args = "script", rest.pop(0), rest
            return options
        elif word.startswith("-"):
            _fail(f"unknown option {word}")
        else:
            options.kind, options.target, options.args = "script", word, rest
            return options
    options.kind = "interactive" if sys.stdin is not None and sys.stdin.isatty() else "stdin"
    return options
