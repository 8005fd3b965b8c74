"""Run as a program, `python spy.py RESULT SCRIPT`: the script up to where argparse reads its arguments.

It writes the script's options into RESULT as JSON and ends there, as `SCRIPT --help` would. It runs in the script's own
environment, so it imports nothing but the standard library, nothing of rung.
"""

import argparse
import json
import os
import runpy
import sys

_KINDS = {
    "_StoreAction": "value",
    "_StoreTrueAction": "flag",
    "_StoreFalseAction": "flag",
    "BooleanOptionalAction": "switch",
}


def main(result: str, script: str) -> None:
    """Run the script with `--help`, watched."""

    def tell(parser: argparse.ArgumentParser, *arguments: object, **named: object) -> None:
        actions = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]
        with open(result, "w", encoding="utf-8") as file:  # noqa: PTH123  plain, as in any environment
            json.dump([_described(parser, action) for action in actions], file)
        sys.stdout.flush()
        os._exit(0)  # no code of the script sees the end

    argparse.ArgumentParser.parse_known_args = tell  # type: ignore[method-assign,assignment]  # that is the trick
    sys.argv = [script, "--help"]
    sys.path[0] = os.path.dirname(os.path.abspath(script))  # noqa: PTH120,PTH100
    runpy.run_path(script, run_name="__main__")


def _described(parser: argparse.ArgumentParser, action: argparse.Action) -> dict[str, object]:
    long = [option for option in action.option_strings if option.startswith("--")]
    options = long or list(action.option_strings)
    return {
        "option": options[0] if options else "",
        "name": action.dest,
        "kind": _KINDS.get(type(action).__name__, "other") if action.nargs in (None, 0) else "other",
        "type": getattr(action.type, "__name__", "str"),
        "default": _plain(action.default),
        "choices": None if action.choices is None else [_plain(choice) for choice in action.choices],
        "required": bool(action.required),
        "help": _help(parser, action),
    }


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    try:
        text = parser._get_formatter()._expand_help(action) if action.help else ""
    except (ValueError, TypeError, KeyError):  # a stray % in the text
        text = str(action.help)
    return " ".join(text.split())


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


if __name__ == "__main__":
    main(*sys.argv[1:])
