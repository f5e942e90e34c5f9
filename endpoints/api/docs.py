"""The page that explains the API, read from the same OpenAPI description that `/api/schema/` gives to programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from drf_spectacular.generators import SchemaGenerator

from endpoints.api.problems import problem

_CHOICE = re.compile(r"^\* `(?P<value>[^`]*)` - (?P<label>.*)$", re.MULTILINE)
_WORDS = {"string": "text", "integer": "number", "number": "number", "boolean": "true or false", "object": "object"}
_FORMATS = {"date-time": "time", "uri": "address", "uuid": "UUID"}
_REFERENCE = "#/components/schemas/"
_PATH_EXAMPLES = {"UUID": "7d2c5f3e-9a41-4a53-8f0e-0c1b7a6d9e12"}
_PATH_EXAMPLE = "12"
_QUERY_EXAMPLES = (("status", "available"), ("status", "failed"), ("page_size", "10"))


@dataclass(frozen=True, slots=True)
class Type:
    """What a value is: words for people, and the name of the object or list of words that it is made of, if any."""

    words: str
    named: str = ""
    many: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of a path or query, or a field of an object."""

    name: str
    type: Type
    meaning: SafeString
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status that an operation may answer with, and what comes with it."""

    code: int
    phrase: str
    meaning: SafeString
    media_type: str
    named: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path. `example` is an address to try, without its host."""

    id: str
    method: str
    path: str
    meaning: SafeString
    parameters: tuple[Field, ...]
    answers: tuple[Answer, ...]
    example: str
    body: str
    """JSON to send with the example; empty where nothing is sent."""
    sent: str
    """The name of what is sent."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An object with its fields, or a set of words to choose from."""

    name: str
    meaning: SafeString
    fields: tuple[Field, ...]
    choices: tuple[tuple[str, str], ...]

    @property
    def explains(self) -> bool:
        """Tell whether any field says more than its name."""
        return any(field.meaning or field.choices for field in self.fields)


@dataclass(frozen=True, slots=True)
class Description:
    """Everything that the page says of the API."""

    operations: tuple[Operation, ...]
    shapes: tuple[Shape, ...]


def api_docs(request: HttpRequest) -> HttpResponse:
    """Show what the API offers, with commands to try."""
    context = {"api": description(), "host": request.build_absolute_uri("/").rstrip("/"), "problem": _problem()}
    return render(request, "api/docs.html", context)


@cache
def description() -> Description:
    """Return what the schema says. It is read from the code, so it stays the same as long as the process runs."""
    return describe(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


def describe(schema: Mapping[str, Any]) -> Description:
    """Return an OpenAPI 3.0 schema as the page shows it."""
    operations = tuple(
        _operation(path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    )
    return Description(operations, tuple(_shape(*item) for item in schema["components"]["schemas"].items()))


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Operation:
    parameters = tuple(_field(item["name"], item["schema"], item) for item in operation.get("parameters", ()))
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        meaning=marked(operation.get("description", "")),
        parameters=tuple(sorted(parameters, key=lambda it: (it.place, it.name))),
        answers=tuple(_answer(code, response) for code, response in operation["responses"].items()),
        example=_example(path, parameters),
        body=_body(operation),
        sent=_name(_sent(operation).get("schema", {})),
    )


def _sent(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the schema says of the JSON that an operation takes; nothing where it takes none."""
    content: Mapping[str, Any] = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return content


def _body(operation: Mapping[str, Any]) -> str:
    examples: Mapping[str, Any] = _sent(operation).get("examples", {})
    return next((json.dumps(item["value"]) for item in examples.values()), "")


def _field(name: str, schema: Mapping[str, Any], about: Mapping[str, Any]) -> Field:
    """Return a parameter, whose words stand beside its schema, or a field of an object, whose words stand in it."""
    text = about.get("description", "")
    choices = _choices(text)
    return Field(
        name=name,
        type=_type(schema),
        meaning=marked(_CHOICE.sub("", text).strip()),
        choices=choices,
        required=about.get("required") is True,
        place=about.get("in", ""),
    )


def _type(schema: Mapping[str, Any]) -> Type:
    nullable = bool(schema.get("nullable"))
    if named := _name(schema):
        return Type(named, named, nullable=nullable)
    if schema.get("type") == "array":
        inner = _type(schema["items"])
        return Type(inner.words, inner.named, many=True, nullable=nullable)
    words = _FORMATS.get(schema.get("format", "")) or _WORDS.get(schema.get("type", ""), "any value")
    return Type(words, nullable=nullable)


def _name(schema: Mapping[str, Any]) -> str:
    """Return the name of the component that a schema refers to, by itself or through `allOf`; else an empty text."""
    parts = [schema, *schema.get("allOf", ())]
    return next((part["$ref"].removeprefix(_REFERENCE) for part in parts if "$ref" in part), "")


def _answer(code: str, response: Mapping[str, Any]) -> Answer:
    bodies: Mapping[str, Any] = response.get("content", {})
    media_type = next(iter(bodies), "")
    return Answer(
        code=int(code),
        phrase=HTTPStatus(int(code)).phrase,
        meaning=marked(response.get("description", "")),
        media_type=media_type,
        named=_name(bodies[media_type].get("schema", {})) if media_type else "",
    )


def _shape(name: str, schema: Mapping[str, Any]) -> Shape:
    text = schema.get("description", "")
    fields = tuple(_field(field, about, about) for field, about in schema.get("properties", {}).items())
    return Shape(name, marked(_CHOICE.sub("", text).strip()), fields, _choices(text))


def _choices(text: str) -> tuple[tuple[str, str], ...]:
    """Return the values that drf-spectacular writes into a description, with what each means."""
    return tuple((match["value"], match["label"]) for match in _CHOICE.finditer(text))


def _example(path: str, parameters: tuple[Field, ...]) -> str:
    asked: dict[str, str] = {}
    for name, value in _QUERY_EXAMPLES:
        known = next((item for item in parameters if item.place == "query" and item.name == name), None)
        if known and (not known.choices or value in dict(known.choices)):
            asked.setdefault(name, value)
    words = next((item.type.words for item in parameters if item.place == "path"), "")
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return re.sub(r"{[^}]*}", _PATH_EXAMPLES.get(words, _PATH_EXAMPLE), path) + (f"?{query}" if query else "")


def marked(text: str) -> SafeString:
    """Return a text whose parts in `backquotes` are set as code."""

    def parts() -> Iterator[tuple[SafeString, str, SafeString]]:
        for number, part in enumerate(text.split("`")):
            code = number % 2
            yield (_OPEN if code else _NOTHING), part, (_CLOSE if code else _NOTHING)

    return format_html_join("", "{}{}{}", parts())


_OPEN, _CLOSE, _NOTHING = SafeString("<code>"), SafeString("</code>"), SafeString("")


def _problem() -> str:
    """Return an error as the API answers it."""
    errors = {"page_size": ["Write a number from 1 to 200."]}
    answered = problem(
        HTTPStatus.BAD_REQUEST, "Mend these query parameters: page_size.", instance="/api/v1/requests", errors=errors
    )
    return json.dumps(json.loads(answered.content), indent=2)
