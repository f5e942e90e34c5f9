"""docker-compose.yml, Dockerfile and .env.example against the code: no test runs them, one reads them."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from portal import env, health
from portal.sandbox import parts, world
from portal.sandbox.aws.__main__ import _parser as simulated_aws_parser
from portal.sandbox.options import Options

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PORTAL = ("web", "worker", "beat", "migrate")
# Read by boto3 (botocore's configuration provider), by Python, and by the images of PostgreSQL and Valkey.
AWS_SDK = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}
IMAGES = {
    "postgres": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"},
    "valkey": {"REDISCLI_AUTH"},
}
SECRETS = {"SECRET_KEY", "PORTAL_AUDIT_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions in order, continued lines joined, comments left out."""
    text = "\n".join(line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#"))
    lines = text.replace("\\\n", " ").splitlines()
    return [(words[0], words[1].strip()) for line in lines if len(words := line.split(maxsplit=1)) == 2]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return the Dockerfile's stages by name, each with the instructions of the stages it is built on."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for word, rest in instructions():
        if word == "FROM":
            base, _, name = rest.split()
            found[name] = list(found.get(base, []))
        found[name].append((word, rest))
    return found


def last(stage: str, word: str) -> str:
    """Return the last instruction of this kind in a stage."""
    return [rest for kind, rest in stages()[stage] if kind == word][-1]


def settings_variables() -> tuple[set[str], set[str]]:
    """Return the variables that portal/settings.py reads, and those without which it does not start."""
    read: set[str] = set()
    required: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / "portal" / "settings.py").read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "env"):
            continue
        assert isinstance(node.args[0], ast.Constant)
        assert isinstance(node.args[0].value, str)
        read.add(node.args[0].value)
        default = node.args[1] if len(node.args) > 1 else None
        conditional = isinstance(default, ast.IfExp)
        if node.func.attr in {"text", "database"} and (default is None or conditional):
            required.add(node.args[0].value)
    return read, required


def env_example() -> dict[str, str]:
    """Return the variables of .env.example."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def commands() -> list[tuple[str, list[str]]]:
    """Return every command that containers of the portal run, with where it stands."""
    found = [(name, SERVICES[name]["command"]) for name in PORTAL if "command" in SERVICES[name]]
    found += [(f"{name} health", SERVICES[name]["healthcheck"]["test"][1:]) for name in ("worker", "beat")]
    found += [(f"Dockerfile {stage}", json.loads(last(stage, "CMD"))) for stage in ("portal", "sandbox")]
    return found


@pytest.mark.parametrize(("where", "command"), commands())
def test_every_command_runs_something_that_exists(where: str, command: list[str]) -> None:
    program, *rest = command
    if program == "gunicorn":
        module, _, attribute = rest[0].partition(":")
        assert callable(getattr(importlib.import_module(module), attribute))
    elif program == "celery":
        assert rest[:2] == ["-A", "portal"]
        assert rest[2] in {"worker", "beat"}
        assert importlib.import_module("portal").celery_app
    elif rest[0] == "manage.py":
        assert rest[1] in get_commands()
    else:
        assert (program, rest[0]) == ("python", "-m"), f"{where}: {command} is not looked at by this test"
        found = importlib.util.find_spec(rest[1])
        assert found is not None
        assert found.submodule_search_locations is None or importlib.util.find_spec(f"{rest[1]}.__main__")


def test_commands_in_the_comments_exist() -> None:
    text = (ROOT / "docker-compose.yml").read_text() + (ROOT / "Dockerfile").read_text()
    named = set(re.findall(r"manage\.py (\w+)", text))
    assert named >= {"migrate", "collectstatic", "seed_demo"}
    assert named <= set(get_commands())


def test_containers_and_the_sandbox_run_the_same_programs() -> None:
    options = Options.read(
        {"DATABASE_URL": "postgres://a@b/c", "REDIS_URL": "redis://a", "AWS_ENDPOINT_URL": "http://a"}
    )
    own = {part.name: part.command[2:] for part in parts.plan(options, {}).portal}
    web = json.loads(last("portal", "CMD"))
    assert web[:2] == list(own["web"][:2])
    for flag in ("--workers", "--threads"):
        assert web[web.index(flag) + 1] == own["web"][own["web"].index(flag) + 1]
    for name in ("worker", "beat"):
        assert SERVICES[name]["command"][:4] == list(own[name][:4])


def test_the_simulated_aws_understands_its_options() -> None:
    arguments = json.loads(last("sandbox", "CMD"))[3:]
    options = simulated_aws_parser().parse_args(arguments)
    assert options.host == "0.0.0.0"  # noqa: S104 - other containers must reach it; nothing is published
    assert "ports" not in SERVICES["simulated-aws"]
    assert last("sandbox", "EXPOSE") == str(options.port)
    assert options.seed_demo
    assert str(options.state).startswith("/data/")
    example = env_example()
    assert example["AWS_ENDPOINT_URL"] == f"http://simulated-aws:{options.port}"
    assert example["PORTAL_AWS_SIMULATED"] == "1"
    assert example["AWS_ACCESS_KEY_ID"] == world.AWS_ACCESS_KEY_ID
    assert example["AWS_SECRET_ACCESS_KEY"] == world.AWS_SECRET_ACCESS_KEY
    assert example["AWS_DEFAULT_REGION"] in world.REGIONS
    assert f":{options.port}/_sim/health" in SERVICES["simulated-aws"]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", PORTAL)
def test_every_variable_is_read_and_every_required_one_is_given(name: str) -> None:
    read, required = settings_variables()
    assert required == {"SECRET_KEY", "PORTAL_AUDIT_KEY", "DATABASE_URL", "REDIS_URL"}
    given = set(SERVICES[name]["environment"])
    assert given <= read
    assert given >= required | {"ALLOWED_HOSTS"}
    assert SERVICES[name]["env_file"] == ".env"


def test_the_example_names_only_variables_that_somebody_reads() -> None:
    read, _ = settings_variables()
    interpolated = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert set(env_example()) <= read | AWS_SDK | interpolated
    assert interpolated - {"PORT"} <= set(env_example())


def test_no_secret_has_a_default() -> None:
    assert {name for name, value in env_example().items() if not value} == SECRETS
    for expression in re.findall(r"\$\{([^}]*)\}", (ROOT / "docker-compose.yml").read_text()):
        name = re.match(r"\w+", expression)
        assert name is not None
        if name[0] in SECRETS:
            assert expression.startswith(f"{name[0]}:?"), f"{name[0]} must be refused when empty"


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_other_images_get_only_variables_of_their_documentation(name: str) -> None:
    assert set(SERVICES[name]["environment"]) <= IMAGES[name]


def test_the_urls_lead_to_the_services(monkeypatch: pytest.MonkeyPatch) -> None:
    given = SERVICES["web"]["environment"]
    monkeypatch.setenv("DATABASE_URL", re.sub(r"\$\{[^}]*\}", "secret", given["DATABASE_URL"]))
    database = env.database("DATABASE_URL")
    postgres = SERVICES["postgres"]
    assert (database["HOST"], database["PORT"]) == ("postgres", "5432")
    assert database["USER"] == postgres["environment"]["POSTGRES_USER"]
    assert database["NAME"] == postgres["environment"]["POSTGRES_DB"]
    assert database["PASSWORD"] == "secret"
    assert postgres["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert postgres["healthcheck"]["test"][0:2] == ["CMD", "pg_isready"]
    # By its socket the image answers while it still makes the database, and `migrate` would be refused and give up.
    assert "--host=127.0.0.1" in postgres["healthcheck"]["test"]
    assert given["REDIS_URL"].endswith("@valkey:6379/0")
    valkey = SERVICES["valkey"]["command"]
    assert valkey[valkey.index("--requirepass") + 1] == SERVICES["valkey"]["environment"]["REDISCLI_AUTH"]
    assert valkey[valkey.index("--appendonly") + 1] == "yes"


def test_the_web_port_is_one_everywhere() -> None:
    command = json.loads(last("portal", "CMD"))
    port = command[command.index("--bind") + 1].rpartition(":")[2]
    assert last("portal", "EXPOSE") == port
    assert SERVICES["web"]["ports"] == [f"127.0.0.1:${{PORT:-{port}}}:{port}"]
    for test in (SERVICES["web"]["healthcheck"]["test"][-1], last("portal", "HEALTHCHECK")):
        asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", test)
        assert asked is not None
        assert asked[1] == port
        assert asked[2] in health.ANSWERS


def test_every_service_is_watched_and_waits_for_what_it_needs() -> None:
    for name, service in SERVICES.items():
        once = service.get("restart") == "no"
        assert once or service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}, f"{name} has no health check"
        for other, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if SERVICES[other]["restart"] == "no" else "service_healthy"
            assert how == {"condition": expected}
    for name in ("web", "worker", "beat"):
        assert {"migrate", "valkey"} <= set(SERVICES[name]["depends_on"])


def test_volumes_are_declared_and_used() -> None:
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_a_read_only_container_writes_only_where_it_may() -> None:
    schedule = next(word for word in SERVICES["beat"]["command"] if word.startswith("--schedule="))
    assert schedule.removeprefix("--schedule=").startswith("/tmp/")  # noqa: S108 - a container's own
    for name in (*PORTAL, "simulated-aws"):
        assert SERVICES[name]["read_only"]
        assert SERVICES[name]["tmpfs"] == ["/tmp"]  # noqa: S108
        assert SERVICES[name]["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("stage", ["portal", "sandbox"])
def test_images_run_as_nobody_special_with_hashes_checked(stage: str) -> None:
    assert last(stage, "USER") == "portal"
    assert re.search(r"useradd --uid [1-9]\d{3,}", last(stage, "RUN") if stage == "sandbox" else str(stages()[stage]))
    words = [word for word, _ in stages()[stage]]
    assert words.index("USER") > max(at for at, word in enumerate(words) if word in {"COPY", "RUN"})
    for kind, rest in instructions():
        if kind == "RUN" and "pip install" in rest:
            assert "--require-hashes" in rest


def test_targets_and_copied_files_exist() -> None:
    for service in SERVICES.values():
        if "build" in service:
            assert service["build"]["target"] in stages()
    for kind, rest in instructions():
        if kind == "COPY":
            words = [word for word in shlex.split(rest) if not word.startswith("--from")]
            origin = re.search(r"--from=(\S+)", rest)
            if origin:
                assert origin[1] in stages()
            else:
                assert (ROOT / words[0]).exists()


def test_the_image_gets_all_the_code_and_nothing_secret() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*", "everything is left out unless it is named"
    kept = {line.removeprefix("!").rstrip("/") for line in lines if line.startswith("!")}
    assert kept == {"manage.py", "gunicorn.conf.py", "requirements", "portal", "endpoints", "templates", "static"}
    assert all((ROOT / name).exists() for name in kept)


def test_the_build_has_what_the_settings_require() -> None:
    _, required = settings_variables()
    collect = next(rest for kind, rest in instructions() if kind == "RUN" and "collectstatic" in rest)
    assert set(re.findall(r"(\w+)=", collect.partition("python")[0])) == required


def test_python_is_one_that_the_project_supports() -> None:
    versions = {
        tuple(map(int, v.split(".")))
        for v in re.findall(r"FROM python:([\d.]+)-slim", str((ROOT / "Dockerfile").read_text()))
    }
    assert versions
    assert all(version >= (3, 11) for version in versions)
