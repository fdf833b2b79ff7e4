"""The entry of script mode."""

import sys

from numloom._script import launch, options


def main(arguments=None):
    chosen = options.parse(sys.argv[1:] if arguments is None else arguments)
    launch.prepare_exit()
    if chosen.report or chosen.report_json:
        from numloom import _report

        _report.at_exit(text=chosen.report, json_file=chosen.report_json)
    launch.launch(chosen)
