"""Stacks with secrets wherever one can hold them, each with an error that repeats them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from iac_adapters.terraform.executable import Executable
from tests.daemon import UNLIMITED
from tests.e2e.canaries import Canaries
from tests.ports import free_port
from tests.pulumi_world import PulumiStack
from tests.world_stack import WorldStack, copied
from tests.worlds.pulumi.tools import PulumiTools

_PEM: Final = """-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEA{0}
{1}
-----END RSA PRIVATE KEY-----
"""


@dataclass(slots=True)
class Fleet:
    """Several stacks, each with secrets of its own, and one daemon for all of them."""

    template: WorldStack
    terraform: Executable
    folder: Path
    canaries: Canaries = field(default_factory=Canaries)
    entries: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def stack(self, name: str, **keys: Any) -> WorldStack:
        """Return a new stack, registered in `trueup.toml` with `keys`."""
        folder = self.folder / name
        folder.mkdir()
        made = copied(self.template.directory.parent, folder, self.terraform)
        (made.directory / "main.tf").unlink(missing_ok=True)
        self.listed.append(name)
        listed = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        self.entries.append(
            f'[[stack]]\nname = "{name}"\ndirectory = "{made.directory}"\ninterval = "1h"\n{listed}'
        )
        return made

    def settings(self) -> Path:
        file = self.folder / "trueup.toml"
        file.write_text(
            f'[daemon]\nlisten = "127.0.0.1:{free_port()}"\ndata_dir = "data"\n'
            'confirm_after = "1s"\n' + "".join(self.entries) + '[[policy]]\nname = "put back"\n'
            'match = {stack = "failing*"}\naction_type = "auto_correct"\n' + UNLIMITED
        )
        return file


def _encoded(word: str) -> str:
    """Repeat a secret as providers and proxies do."""
    data = word.encode()
    return (
        f"value {word!r} [{word}] got {base64.b64encode(data).decode()} or"
        f" {base64.urlsafe_b64encode(b'user:' + data).decode().rstrip('=')} or {data.hex()} or"
        f" {data.hex().upper()} or {quote(word, safe='')} or {json.dumps({'v': word})}"
    )


def _reading(fleet: Fleet) -> None:
    """Reads that fail, and quote what the state, the variables and the environment hold."""
    new = fleet.canaries
    env_file = fleet.folder / "reading.env"
    stack = fleet.stack(
        "reading", env_file=str(env_file), var_files=[str(fleet.folder / "x.tfvars")]
    )
    env_file.write_text(
        f"DATABASE_DSN={new.word('env_file')}\n"
        f"export TF_VAR_by_env_file='{new.word('TF_VAR_ of env_file')}'\n"
        f"PROXY_URL=http://user:{new.word('address in env_file')}@127.0.0.1:1\n"
    )
    fleet.environment["TF_VAR_by_environment"] = new.word("TF_VAR_ of environment")
    fleet.environment["WORLD_API_TOKEN"] = new.word("credential of environment")
    (fleet.folder / "x.tfvars").write_text(f'by_var_file = "{new.word("var_files")}"\n')
    (stack.directory / "terraform.tfvars").write_text(
        f'by_tfvars = "{new.word("terraform.tfvars")}"\n'
    )
    (stack.directory / "a.auto.tfvars").write_text(
        f'by_auto = {{ deep = ["{new.word("auto.tfvars")}"] }}\n'
    )
    (stack.directory / "b.auto.tfvars.json").write_text(
        json.dumps({"by_json": new.word("auto.tfvars.json")})
    )
    pem = _PEM.format(new.key("first line of a PEM key"), new.key("line of a PEM key"))
    nested = json.dumps({"db": {"password": new.word("nested JSON"), "port": 5432}})
    names = ["by_tfvars", "by_json", "by_env_file", "by_environment", "by_var_file"]
    code = "".join(f'variable "{name}" {{ sensitive = true }}\n' for name in names)
    code += (
        'variable "by_auto" {\n  sensitive = true\n  type = any\n}\n'
        f'variable "by_default" {{\n  sensitive = true\n  default = "{new.word("default")}"\n}}\n'
        f'variable "pem" {{\n  sensitive = true\n  default = <<EOT\n{pem}EOT\n}}\n'
        f'variable "nested" {{\n  sensitive = true\n  default = {json.dumps(nested)}\n}}\n'
    )
    values = {**{name: f"var.{name}" for name in names}, "by_auto": "var.by_auto.deep[0]",
              "by_default": "var.by_default", "pem": "var.pem", "nested": "var.nested"}  # fmt: skip
    code += "".join(
        f'resource "world_thing" "{name}" {{\n  name = "{name}"\n  secret = {value}\n}}\n'
        for name, value in values.items()
    )
    code += (
        'resource "world_thing" "marked" {\n  name = "marked"\n  steps = [var.by_default]\n'
        f'  secret = "{new.word("schema")}"\n'
        f'  labels = {{ Authorization = "Bearer {new.key("header")}", team = "web" }}\n'
        f'  place = "postgres://app:{new.key("connection URL")}@db/main"\n}}\n'
        f'output "out" {{\n  sensitive = true\n  value = "{new.word("secret output")}"\n}}\n'
    )
    token = new.word("provider argument")
    provider = stack.provider.replace("}", f'\n  token = "{token}"\n}}').replace("{ ", "{\n  ")
    stack.write(code, provider=provider)
    extra = {"TF_VAR_by_env_file": new.values["TF_VAR_ of env_file"], **fleet.environment}
    applied = replace(stack, extra=extra)
    applied.apply(None, f"-var-file={fleet.folder / 'x.tfvars'}")
    quoted = {
        "by_tfvars": ["terraform.tfvars", "auto.tfvars", "auto.tfvars.json"],
        "by_json": ["env_file", "TF_VAR_ of env_file", "address in env_file"],
        "by_env_file": ["TF_VAR_ of environment", "credential of environment", "var_files"],
        "by_environment": ["default", "schema", "secret output", "provider argument"],
        "by_var_file": ["first line of a PEM key", "line of a PEM key", "nested JSON"],
        "by_auto": ["header", "connection URL"],
    }
    stack.turn(
        **{
            name: "says refused: " + "; ".join(_encoded(new.values[kind]) for kind in kinds)
            for name, kinds in quoted.items()
        }
    )
    stack.turn(pem="panic")
    with stack.changed() as things:
        # Somebody's new secrets, and a known one where nobody marks it.
        things["marked"]["secret"] = new.word("live secret")
        things["marked"]["labels"] = {"Authorization": f"Bearer {new.key('live header')}"}
        things["marked"]["zones"] = [f"at {new.values['terraform.tfvars']}"]


def _failing(fleet: Fleet) -> None:
    """Applies that fail, with the provider's and a hook script's words in the log of the run."""
    new = fleet.canaries
    env_file = fleet.folder / "failing.env"
    env_file.write_text(f"HOOK_PASSPHRASE={new.word('hook script')}\n")
    for number in range(2):
        stack = fleet.stack(f"failing{number}", env_file=str(env_file))
        pw = new.word(f"failed apply {number}")
        literal = new.key(f"literal of a failed apply {number}")
        hook = (
            '  provisioner "local-exec" {\n    command = "echo $HOOK_PASSPHRASE; exit 1"\n  }\n'
            if number
            else ""
        )
        code = (
            f'variable "pw" {{\n  sensitive = true\n  default = "{pw}"\n}}\n'
            'resource "world_thing" "one" {\n  name = "one"\n  secret = var.pw\n'
            f'  labels = {{ team = "web", api_token = "{literal}" }}\n%s}}\n'
        )
        stack.apply(code % "")
        stack.write(code % hook)
        with stack.changed() as things:
            if number:
                del things["one"]
            else:
                token = new.word("live value of a failed apply")
                things["one"]["labels"] = {"team": "nobody", "api_token": token}
        if not number:
            words = f"ValidationError: {_encoded(pw)} and {_encoded(literal)} are too weak"
            stack.while_applying(one=words)


def _broken(name: str, code: Callable[[Canaries], str]) -> Callable[[Fleet], None]:
    """Code that Terraform refuses, quoting the line."""

    def arrange(fleet: Fleet) -> None:
        stack = fleet.stack(name)
        stack.write(code(fleet.canaries))

    return arrange


def _sensitive(name: str, value: str) -> str:
    return f'variable "{name}" {{\n  sensitive = true\n  default = "{value}"\n}}\n'


def _resource(body: str) -> str:
    return f'resource "world_thing" "one" {{\n  name = "one"\n{body}\n}}\n'


def _refused_provider(fleet: Fleet) -> None:
    stack = fleet.stack("provider-refused")
    token = f"refused-{fleet.canaries.word('token that a provider refuses')}"
    block = f'provider "world" {{\n  world = "{stack.cloud}"\n  token = "{token}"\n}}\n'
    stack.apply(_resource(""), check=True)
    stack.write(_resource(""), provider=block)


def _broken_provider(fleet: Fleet) -> None:
    stack = fleet.stack("provider-broken")
    new = fleet.canaries
    stack.write(
        "",
        provider='provider "world" {\n  world = 7\n'
        f'  tokn = "{new.word("unknown provider argument")}"\n'
        f'  token = ["{new.word("provider argument of a wrong type")}"]\n'
        f'  "{new.key("key of the provider block")}" = 1\n}}\n',
    )


def _broken_variables(fleet: Fleet) -> None:
    new = fleet.canaries
    stack = fleet.stack("variables-broken")
    stack.write('variable "pw" { sensitive = true }\n')
    (stack.directory / "terraform.tfvars").write_text(f'pw = = "{new.word("broken tfvars")}"\n')
    other = fleet.stack("variables-json-broken")
    other.write('variable "pw" { sensitive = true }\n')
    (other.directory / "a.auto.tfvars.json").write_text(
        f'{{"pw": "{new.word("broken tfvars.json")}",,'
        f' "x": "{new.key("second of a broken line")}"}}'
    )
    third = fleet.stack("variables-wrong")
    third.write('variable "size" { type = number }\n' + _resource("  size = var.size"))
    (third.directory / "terraform.tfvars").write_text(
        f'size = "{new.key("value of a wrong type")}"\n'
    )


def _json_code(fleet: Fleet) -> None:
    new = fleet.canaries
    for name, end in (("code-json", "}"), ("code-json-broken", ",,")):
        stack = fleet.stack(name)
        stack.write("")
        thing = {"name": "one", "sekret": new.word(f"argument of {name}"),
                 "labels": {"password": new.word(f"label of {name}")}}  # fmt: skip
        text = json.dumps({"resource": {"world_thing": {"one": thing}}}, indent=2)
        (stack.directory / "extra.tf.json").write_text(text[:-1] + end)


def _foreign_file(fleet: Fleet) -> None:
    shadow = fleet.folder / "shadow"
    new = fleet.canaries
    lines = [f"user{n}:$6${new.key(f'line {n} of a foreign file')}:19000:0:99999" for n in range(5)]
    shadow.write_text("\n".join(lines))
    fleet.stack("foreign-file", var_files=[str(shadow)]).write("")


def _broken_environment(fleet: Fleet) -> None:
    env_file = fleet.folder / "broken.env"
    new = fleet.canaries
    env_file.write_text(
        f"A=1\n{new.word('broken line of env_file')} {new.key('rest of the line')}\n"
    )
    fleet.stack("environment-broken", env_file=str(env_file)).write("")


def _broken_state(fleet: Fleet) -> None:
    new = fleet.canaries
    stack = fleet.stack("state-broken")
    stack.write("")
    stack.state.write_text(f'{{"version": 4, "resources": [{{"pw": "{new.key("broken state")}" ')
    other = fleet.stack("state-malformed")
    other.write("")
    other.state.write_text(
        json.dumps({"version": 4, "serial": 1, "lineage": "x", "resources": [
            {"mode": "managed", "type": "world_thing", "name": new.key("malformed state"),
             "provider": new.key("provider of a malformed state"), "instances": [7]}]})
    )  # fmt: skip


def _unapplied(fleet: Fleet) -> None:
    new = fleet.canaries
    stack = fleet.stack("unapplied")
    stack.apply(_resource(""))
    stack.write(
        _sensitive("pw", new.word("unapplied secret"))
        + _sensitive("pin", new.word("unapplied secret in a map"))
        + _resource("  steps = [var.pw]\n  labels = { a = var.pin, b = base64encode(var.pw) }")
    )


def _argument(line: str, kind: str, *, generated: bool = False) -> Callable[[Fleet], None]:
    """Code of one resource, with an argument that Terraform refuses by its line."""

    def code(new: Canaries) -> str:
        return _resource(line % (new.key(kind) if generated else new.word(kind)))

    return _broken(kind.replace(" ", "-"), code)


def _heredoc(new: Canaries) -> str:
    lines = [f"password={new.word('heredoc')}", f"${{nope.x}} {new.word('beside a fault')}"]
    return _resource("  secret = <<EOT\n" + "\n".join(lines) + "\nEOT")


def _template(new: Canaries) -> str:
    before, after = new.word("before a fault"), new.word("after a fault")
    return _resource(f'  secret = "{before}-${{var.nope}}-{after}"')


def _precondition(new: Canaries) -> str:
    return _resource(
        "  lifecycle {\n    precondition {\n"
        f'      condition = self.name == "{new.word("condition")}"\n'
        '      error_message = "no"\n    }\n  }'
    )


def _validation(new: Canaries) -> str:
    block = '  validation {\n    condition = length(var.v) > 99\n    error_message = "short"\n  }'
    return _sensitive("v", new.word("refused by a validation")).rstrip("}\n") + f"\n{block}\n}}\n"


def _local(new: Canaries) -> str:
    value = f'{{ password = "{new.word("local value")}" }}'
    output = 'output "o" { value = local.b }'
    return f"locals {{\n  a = {value}\n  b = local.a.nope\n}}\n{output}\n"


ARRANGE: Final[tuple[Callable[[Fleet], None], ...]] = (
    _reading,
    _failing,
    _refused_provider,
    _broken_provider,
    _broken_variables,
    _foreign_file,
    _json_code,
    _broken_environment,
    _broken_state,
    _unapplied,
    _argument('  secret = = "%s"', "syntax"),
    _argument('  secret = "%s', "unterminated string"),
    _argument("  secret = %s", "forgotten quotes", generated=True),
    _argument('  sekret = "%s"', "unknown argument"),
    _argument('  size = "%s"', "argument of a wrong type"),
    _argument('  place = file("%s")', "argument of a function", generated=True),
    _argument('  place = upper("a", "%s")', "second argument", generated=True),
    _argument("  secret = nope.x # was %s", "comment", generated=True),
    _broken("heredoc", _heredoc),
    _broken("template", _template),
    _broken("precondition", _precondition),
    _broken("validation", _validation),
    _broken("local", _local),
)


def raising(fleet: Fleet, tools: PulumiTools) -> None:
    """Arrange programs that raise and quote what they know, and a project file that is broken."""
    new = fleet.canaries
    folder = fleet.folder / "raising"
    folder.mkdir()
    passphrase = new.word("passphrase")
    project = PulumiStack(
        folder=folder, program=tools.cli, extra={"PULUMI_CONFIG_PASSPHRASE": passphrase}
    ).found()
    project.run("stack", "init")
    project.run("config", "set", "--secret", "pw", new.word("Pulumi config secret"))
    literal, token = new.word("literal of a program"), new.word("variable of a program")
    (project.directory / "__main__.py").write_text(
        "import base64, os, pulumi\n"
        f"def main():\n    password = '{literal}'\n    pw = pulumi.Config().require('pw')\n"
        "    passphrase = os.environ['PULUMI_CONFIG_PASSPHRASE']\n"
        "    told = [pw, password, os.environ['APP_TOKEN'], passphrase]\n"
        "    told += [base64.b64encode(one.encode()).decode() for one in told]\n"
        "    told += [one.encode().hex() for one in told[:4]]\n"
        "    raise ValueError('bad ' + ', '.join(told))\nmain()\n"
    )
    env_file = fleet.folder / "raising.env"
    variables = {**project.environment, "APP_TOKEN": token}
    env_file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    keys = f'pulumi_stack = "dev"\nenv_file = "{env_file}"\ninterval = "1h"\n'
    broken = fleet.folder / "yaml" / "code"
    broken.mkdir(parents=True)
    line = f'  a: {{pw: "{new.word("broken project file")}"'
    (broken / "Pulumi.yaml").write_text(f"name: x\nruntime: yaml\nresources:\n{line}\n b: ]\n")
    for name, directory in (("raising", project.directory), ("yaml", broken)):
        fleet.entries.append(f'[[stack]]\nname = "{name}"\ndirectory = "{directory}"\n{keys}')
        fleet.listed.append(name)
