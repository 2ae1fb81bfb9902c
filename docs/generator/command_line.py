"""The page of the command line, from the commands of the typer application."""

from collections.abc import Iterator
from typing import Any

from typer import Context
from typer.main import get_command

from docs.generator.markdown import MADE, write_table
from nextbuy.cli import app

_HEAD = """\
# Command line

{summary}

Exit code 1 means that a command could not do what it was asked for; the error says what was
expected, what came instead, and what to do. `--help` after any command prints what stands here."""

_TYPES = {"str": "text", "int": "whole number", "float": "number", "FileText": "file"}


def write_command_line() -> str:
    """Write every command with its arguments, its options, their defaults and meanings."""
    root = get_command(app)
    commands = list(_walk(root, "nextbuy"))
    overview = write_table(
        ["command", "what it does"],
        [
            (f"[`{name}`](#{name.replace(' ', '-')})", command.get_short_help_str(200))
            for name, command in commands[1:]
        ],
    )
    sections = [_write_command(name, command) for name, command in commands[1:]]
    options = _write_parameters(commands[0][1], "nextbuy")
    head = _HEAD.format(summary=root.help)
    return "\n\n".join([MADE, head, overview, *options, *sections]) + "\n"


def _walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Go through a command and all that are below it, in the order of the help."""
    yield name, command
    for child, below in getattr(command, "commands", {}).items():
        if not below.hidden:
            yield from _walk(below, f"{name} {child}")


def _write_command(name: str, command: Any) -> str:
    parts = [f"## {name}", command.help, f"```text\n{_usage(name, command)}\n```"]
    return "\n\n".join([*parts, *_write_parameters(command, name)])


def _usage(name: str, command: Any) -> str:
    context = Context(command, info_name=name)
    return " ".join([name, *command.collect_usage_pieces(context)])


def _write_parameters(command: Any, name: str) -> list[str]:
    """Write a table of the arguments and one of the options, `--help` left out."""
    context = Context(command, info_name=name)
    rows: dict[str, list[tuple[str, ...]]] = {"argument": [], "option": []}
    for parameter in command.params:
        if not parameter.hidden:
            rows[parameter.param_type_name].append(_describe(parameter, context))
    return [
        write_table([kind, "type", "default", "meaning"], described)
        for kind, described in rows.items()
        if described
    ]


def _describe(parameter: Any, context: Context) -> tuple[str, ...]:
    """Describe a parameter: its names, its type, its default and its meaning."""
    shown = parameter.get_help_record(context)[0]  # as in `--folder <path>`
    names, _, kind = shown.partition(" <")
    return (
        f"`{names}`",
        _name_type(kind) + _limits(parameter),
        _default(parameter),
        parameter.help or "",
    )


def _name_type(kind: str) -> str:
    """Name a type in plain words; of several values of a type, each one."""
    kind = kind.removesuffix(">").removeprefix("list[").removesuffix("]").removesuffix(" range")
    return _TYPES.get(kind, kind.replace("|", ", "))


def _limits(parameter: Any) -> str:
    """Write the least and the most that a number may be."""
    ends = {"from": getattr(parameter, "min", None), "to": getattr(parameter, "max", None)}
    return "".join(f" {word} {end}" for word, end in ends.items() if end is not None)


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if isinstance(parameter.default, bool) or parameter.default is None:
        return "" if parameter.default is None else ("on" if parameter.default else "off")
    return f"`{parameter.default}`"
