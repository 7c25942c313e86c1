#!/usr/bin/env python3
"""Writes rules/aws/operations.txt and rules/aws/services.txt.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python generate.py            # writes both tables
    venv/bin/python generate.py --check    # fails if they differ from what is committed

What an operation is called, what it takes and how it travels comes from botocore's service
models and from the CLI's own tables. What it does is decided here, in this order:

1. overrides.tsv: judged by hand, one operation a line
2. `delete-...`: irreversible, unless settings.txt has the last word of its noun
3. inverses.tsv: reversible, if the service has the inverse operation and that one takes nothing
   that this one does not: then the command line itself says how to take it back
4. verbs.tsv: by the operation's verb
5. opaque: nobody has judged the verb yet

withdrawn.tsv lists what older releases have and the pinned ones no longer do: people still run
those, and the service may still answer.

Same inputs, same bytes: nothing here depends on time, order of dictionaries or the network.
"""

import csv
import re
import sys
from pathlib import Path

import botocore.session
from awscli.clidriver import create_clidriver
from botocore import xform_name

HERE = Path(__file__).resolve().parent
RULES = HERE.parent.parent / "rules" / "aws"

# Class letters of the table, as src/payload/aws/model.rs reads them.
LETTERS = {
    "read-only": "r",
    "reversible": "v",
    "recoverable": "c",
    "irreversible": "i",
    "opaque": "o",
    "money": "m",
    "exposure": "e",
    "external": "x",
}
# The CLI's names where they are not botocore's.
CLI_SERVICES = {
    "s3": "s3api",
    "codedeploy": "deploy",
    "config": "configservice",
}
# Further names that the CLI gives to the same service.
CLI_ALIASES = {"runtime.sagemaker": "sagemaker-runtime"}
# Words before the verb: `batch-delete-image` deletes.
PREFIXES = {"batch", "admin", "bulk"}
# What stands between a verb's object and its place: `add-user-to-group`.
PREPOSITIONS = {"for", "from", "in", "on", "to", "with"}
# Members that only tell one call from its repetition, or do not act.
TOKEN = re.compile(r"^(client-(request-)?token|idempotency-token|dry-run)$")
# Required members that name nothing.
NAMELESS = re.compile(
    r"(token|reason|document|policy|type|mode|status|state|description|scope|feedback|"
    r"configuration|revision|version-token|operation|action|time|count|size|cidr|protocol)$"
)
NAMING = re.compile(r"(name|id|arn|identifier|names|ids|arns|identifiers|alias|key|bucket|url|domain)$")
# Options that every operation has beside its own members.
GENERIC = {"cli-input-json", "cli-input-yaml", "generate-cli-skeleton"}


def rows(name):
    with open(HERE / name, newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def judgements():
    overrides = {}
    for row in rows("overrides.tsv"):
        key = (row["service"], row["operation"])
        if key in overrides:
            sys.exit(f"overrides.tsv: {key} is judged twice")
        if row["class"] not in LETTERS:
            sys.exit(f"overrides.tsv: {key}: unknown class {row['class']}")
        overrides[key] = {name: value or "" for name, value in row.items()}
    verbs = {row["verb"]: row["class"] for row in rows("verbs.tsv")}
    settings = set((HERE / "settings.txt").read_text().split())
    return overrides, verbs, settings


def verb_of(words):
    """Where the verb of an operation's name stands: `batch-disassociate-user-stack`."""
    return 1 if words[0] in PREFIXES and len(words) > 1 else 0


def exact_inverses(model):
    """The operations of a service that another one takes back, given nothing but the same inputs."""

    def noun(words):
        return tuple(word for word in words if word not in PREPOSITIONS)

    def inputs(camel):
        shape = model.operation_model(camel).input_shape
        names = shape.members if shape is not None else ()
        return {name for name in names if not TOKEN.search(xform_name(name, "-"))}

    named = {xform_name(camel, "-"): camel for camel in model.operation_names}
    by_noun = {noun(name.split("-")): name for name in sorted(named)}
    found = {}
    for row in rows("inverses.tsv"):
        for name, camel in named.items():
            words = name.split("-")
            at = verb_of(words)
            # `disable` alone switches a whole service off, and what it kept may go with it.
            if words[at] != row["verb"] or len(words) == at + 1:
                continue
            inverse = by_noun.get(noun(words[:at] + [row["inverse"]] + words[at + 1 :]))
            if inverse is not None and inputs(named[inverse]) <= inputs(camel):
                found.setdefault(name, inverse)
    return found


def by_verb(operation, verbs, settings):
    words = operation.split("-")
    verb = words[verb_of(words)]
    if verb == "delete":
        return "recoverable" if words[-1] in settings else "irreversible"
    return verbs.get(verb, "opaque")


class Option:
    """One option of an operation: its name, and `!` for a flag (a `--no-` before it negates it),
    `+` for one that takes several words, `?` for an operand (a streaming operation's output
    file)."""

    def __init__(self, name, mark, required):
        self.name, self.mark, self.required = name, mark, required

    def __str__(self):
        return self.name + self.mark


def options_of_cli(command):
    found = []
    for argument in command.arg_table.values():
        name = argument.cli_name.removeprefix("--")
        if name in GENERIC:
            continue
        if not argument.cli_name.startswith("--"):
            found.append(Option(name, "?", False))
            continue
        mark = ""
        if name.startswith("no-") and name[3:] in command.arg_table:
            continue
        # ec2 pulls some `{Value: boolean}` structures up into pairs of flags.
        if argument.cli_type_name == "boolean" or f"no-{name}" in command.arg_table:
            mark = "!"
        elif argument.cli_type_name == "list" or argument.nargs in ("+", "*"):
            mark = "+"
        found.append(Option(name, mark, argument.required))
    return found


def options_of_model(operation):
    if operation.input_shape is None:
        return []
    required = set(operation.input_shape.required_members)
    found = []
    for member, shape in operation.input_shape.members.items():
        mark = {"boolean": "!", "list": "+"}.get(shape.type_name, "")
        found.append(Option(xform_name(member, "-"), mark, member in required))
    return found


def targets_of(operation, options):
    """The options that name what is acted on: required, name-like, outermost first."""
    candidates = [
        option
        for option in options
        if option.mark in ("", "+") and not NAMELESS.search(option.name)
    ]
    naming = [option for option in candidates if option.required and NAMING.search(option.name)]
    if not naming:
        naming = [option for option in candidates if option.required][:1]
    if not naming:
        noun = operation.partition("-")[2]
        naming = [
            option
            for option in candidates
            if NAMING.search(option.name) and (option.name.startswith(noun) or noun in option.name)
        ][:1]
    return [option.name for option in naming[:3]]


def fold(name):
    """The order of the table: names without their dashes, so that `DeleteDBInstance`,
    `delete_db_instance` and `delete-db-instance` are found at the same place."""
    return name.replace("-", "").replace(".", "").replace(" ", "")


def line(service, operation, options, http, overrides, verbs, settings, inverse=None):
    judged = overrides.pop((service, operation), None)
    kind = judged["class"] if judged else by_verb(operation, verbs, settings)
    changes = judged["changes"] if judged else ""
    fields = [operation, LETTERS[kind]]
    route = http if not (kind == "read-only" and http.startswith("GET ")) else ""
    if judged is None and inverse is not None:
        return "\t".join([operation, LETTERS["reversible"], "", "", route, "", f"aws {service} {inverse}"])
    if kind in ("read-only", "reversible") and not changes and not any(
        option.mark == "?" for option in options
    ):
        return "\t".join(fields + ["", "", route]).rstrip("\t")
    if judged and judged["targets"]:
        targets = [flag.removeprefix("--") for flag in judged["targets"].split()]
        names = {option.name for option in options}
        targets = [name for name in targets if name in names]
    else:
        targets = targets_of(operation, options)
    fields.append(" ".join(targets))
    fields.append(" ".join(sorted(str(option) for option in options)))
    fields.append(route)
    fields += [judged["loses"], judged["way back"], changes] if judged else []
    return "\t".join(fields).rstrip("\t")


def high_level(command, prefix=""):
    """The commands that the CLI adds, with their options; nested ones joined by a space."""
    # A command without subcommands of its own may carry the table of its service.
    if not getattr(command, "SUBCOMMANDS", None):
        return
    for name, sub in command.subcommand_table.items():
        path = f"{prefix}{name}"
        yield path, sub
        yield from high_level(sub, f"{path} ")


def options_of_custom(command):
    found = []
    # Asked for first: it makes the CLI add its strategies' options (`s3 sync --delete`).
    _ = command.subcommand_table
    table = command.arg_table or {}
    for name, argument in table.items():
        cli_name = getattr(argument, "cli_name", name)
        name = (cli_name or name).removeprefix("--")
        if name in GENERIC:
            continue
        if getattr(argument, "positional_arg", False):
            continue
        kind = argument.cli_type_name
        action = getattr(argument, "_action", None)
        if name.startswith("no-") and name[3:] in command.arg_table:
            continue
        if kind == "boolean" or action in ("store_true", "store_false"):
            mark = "!"
        elif argument.nargs in ("+", "*") or kind in ("list",):
            mark = "+"
        else:
            mark = ""
        found.append(Option(name, mark, argument.required))
    return found


def main():
    overrides, verbs, settings = judgements()
    session = botocore.session.get_session()
    driver = create_clidriver()
    cli = driver._get_command_table()
    blocks, services = {}, []
    for name in sorted(session.get_available_services()):
        model = session.get_service_model(name)
        meta = model.metadata
        service = CLI_SERVICES.get(name, name)
        commands = {}
        if service in cli and hasattr(cli[service], "_get_command_table"):
            commands = cli[service]._get_command_table()
        rest = meta["protocol"] in ("rest-json", "rest-xml")
        lines = blocks.setdefault(service, {})
        inverses = exact_inverses(model)
        for camel in model.operation_names:
            operation = model.operation_model(camel)
            cli_name = xform_name(camel, "-")
            command = commands.get(cli_name)
            options = (
                options_of_cli(command)
                if command is not None and hasattr(command, "arg_table")
                else options_of_model(operation)
            )
            http = f"{operation.http['method']} {operation.http['requestUri']}" if rest else ""
            lines[cli_name] = line(
                service, cli_name, options, http, overrides, verbs, settings, inverses.get(cli_name)
            )
        services.append(
            "\t".join(
                [
                    meta["endpointPrefix"],
                    service,
                    meta.get("signingName", meta["endpointPrefix"]),
                    meta["protocol"],
                    meta.get("targetPrefix", "") or "-",
                ]
            )
        )
    for service, command in cli.items():
        if service in CLI_ALIASES:
            continue
        if not hasattr(command, "_get_command_table") and not hasattr(command, "subcommand_table"):
            continue
        custom = {}
        if hasattr(command, "_get_command_table"):
            for name, sub in command._get_command_table().items():
                if name in ("wait", "help"):
                    continue
                custom[name] = sub
                custom.update(high_level(sub, f"{name} "))
        else:
            custom.update(high_level(command))
        lines = blocks.setdefault(service, {})
        for name, sub in custom.items():
            if name in lines and hasattr(sub, "_operation_model"):
                continue
            if hasattr(sub, "_operation_model"):
                options = options_of_cli(sub)
            else:
                options = options_of_custom(sub)
            lines[name] = line(service, name, options, "", overrides, verbs, settings)
    for row in rows("withdrawn.tsv"):
        service, operation = row["service"], row["operation"]
        if operation not in blocks.setdefault(service, {}):
            blocks[service][operation] = line(
                service, operation, [], "", overrides, verbs, settings
            )
    for (service, operation), judged in list(overrides.items()):
        # Judged, but in none of the tables: an operation that was renamed or withdrawn.
        blocks.setdefault(service, {})[operation] = line(
            service, operation, [], "", overrides, verbs, settings
        )

    for alias, service in CLI_ALIASES.items():
        blocks[alias] = blocks[service]

    text = []
    for service in sorted(blocks):
        text.append(f"@{service}")
        text += [blocks[service][name] for name in sorted(blocks[service], key=lambda n: (fold(n), n))]
    if not all(entry.isascii() for entry in text):
        sys.exit("the table must be ASCII: it is searched by byte")
    tables = {
        "operations.txt": "\n".join(text) + "\n",
        "services.txt": "\n".join(sorted(services)) + "\n",
    }
    RULES.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, content in tables.items():
        path = RULES / name
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != content:
                stale.append(name)
        else:
            path.write_text(content)
    if stale:
        sys.exit(f"not what the models give: {', '.join(stale)}; run generate.py")


if __name__ == "__main__":
    main()
