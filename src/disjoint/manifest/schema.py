"""disjoint.toml as a JSON Schema, made of the same types that loading it uses.

Draft 2020-12, written with what draft 4 has, too: editors' TOML plugins know little more.
The file beside this module is what `schema` gives for the registered kinds; a test holds
them together, and docs/manifest.md says how to write it anew.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from disjoint.model.finding import Grade
from disjoint.model.kind import Kind

from .environments import NAME
from .resources import GRADES, VARIABLES, default_minimum
from .waivers import waivable

Schema = dict[str, Any]

SHIPPED = Path(__file__).with_name("disjoint.schema.json")
"""The schema that the wheel carries."""

_NAME = f"^{NAME.pattern}$"
_TEXT: Schema = {"type": "string", "minLength": 1}
_ENVIRONMENT: Schema = {
    "type": "object",
    "description": "One side: where its variables come from, and whether it is production.",
    "properties": {
        "variables": {
            "description": "Where the variables come from: exactly one source.",
            "oneOf": [
                {
                    "type": "object",
                    "properties": {
                        "dotenv": {**_TEXT, "description": "A dotenv file, relative to the manifest."}
                    },
                    "required": ["dotenv"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "process": {"enum": [True], "description": "The variables of this process."}
                    },
                    "required": ["process"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "sealed": {
                            **_TEXT,
                            "description": "What `disjoint seal` wrote, relative to the manifest.",
                        }
                    },
                    "required": ["sealed"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "attested": {
                            "type": "string",
                            "pattern": "^(https://|http://(127\\.0\\.0\\.1|localhost|\\[::1\\])[:/])",
                            "description": "Where the deployed process answers for itself.",
                        }
                    },
                    "required": ["attested"],
                    "additionalProperties": False,
                },
            ],
        },
        "protected": {
            "type": "boolean",
            "description": "True on exactly one side: production, which is only ever read.",
        },
        "sealed_by": {
            **_TEXT,
            "description": "The public key (PEM) that a seal must be signed with, relative to the manifest.",
        },
        "reach_at": {
            "type": "object",
            "description": '"host:port" as named there = "address:port" where this machine finds it.',
            "additionalProperties": {
                "type": "string",
                "pattern": r"^(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]{1,5}$",
            },
        },
    },
    "required": ["variables"],
    "additionalProperties": False,
}
_WAIVER_TEXTS = {
    "resource": "The resource whose finding is accepted.",
    "reason": "Why, for whoever reads the report.",
    "owner": "Who answers for it.",
    "approver": "Who agreed: somebody other than the owner.",
}


def schema(kinds: Sequence[Kind[Any, Any]]) -> Schema:
    """The JSON Schema of a manifest that may declare these kinds."""
    _, forms = msgspec.json.schema_components([kind.declared for kind in kinds])
    tables = {kind.name: _resource(kind, forms[kind.declared.__name__]) for kind in kinds}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "disjoint.toml",
        "description": "What `disjoint verify` compares, and what people accepted.",
        "type": "object",
        "properties": {
            "public": {
                "type": "array",
                "items": _TEXT,
                "uniqueItems": True,
                "description": "Names of variables whose values are no secrets.",
            },
            "environments": {
                "type": "object",
                "description": "The two sides, exactly one of them protected.",
                "additionalProperties": {"$ref": "#/definitions/environment"},
                "minProperties": 2,
                "maxProperties": 2,
            },
            "resources": {
                "type": "object",
                "description": "What both sides must have, each their own: a row of the report each.",
                "properties": {VARIABLES: {"$ref": f"#/definitions/{VARIABLES}"}}
                if VARIABLES in tables
                else {},
                "additionalProperties": {
                    "oneOf": [{"$ref": f"#/definitions/{name}"} for name in tables if name != VARIABLES]
                },
            },
            "waivers": {"type": "array", "items": {"$ref": "#/definitions/waiver"}},
        },
        "required": ["environments"],
        "additionalProperties": False,
        "definitions": {"environment": _ENVIRONMENT, **tables, "waiver": _waiver(kinds)},
    }


def text(kinds: Sequence[Kind[Any, Any]]) -> str:
    """The schema as the shipped file holds it."""
    return json.dumps(schema(kinds), indent=2, ensure_ascii=False) + "\n"


def _resource(kind: Kind[Any, Any], form: Mapping[str, Any]) -> Schema:
    said = _attribute_docs(kind.declared)
    own = {
        name: _property(inner, said.get(name, ""))
        for name, inner in form["properties"].items()
        if not (kind.name == VARIABLES and name == "public")
    }
    required = ["kind", *form["required"]]
    return {
        "type": "object",
        "description": form.get("description", ""),
        "properties": {
            "kind": {"enum": [kind.name]},
            "minimum": {
                "enum": list(GRADES),
                "default": default_minimum(kind).word,
                "description": f"The weakest grade of evidence that counts: {', '.join(map(_word, Grade))}.",
            },
            **own,
        },
        # draft 4 knows no empty list here
        **({} if kind.name == VARIABLES else {"required": required}),
        "additionalProperties": False,
    }


def _word(grade: Grade) -> str:
    return grade.word


def _property(form: Mapping[str, Any], said: str) -> Schema:
    """Without null, which TOML has not; counts are not negative."""
    kept = {key: value for key, value in form.items() if key != "default" or value is not None}
    choices = [choice for choice in kept.pop("anyOf", []) if choice != {"type": "null"}]
    shape = choices[0] if len(choices) == 1 else {"anyOf": [_counted(choice) for choice in choices]}
    whole = _counted({**kept, **(shape if choices else {})})
    return {**whole, "description": said} if said else whole


def _counted(form: Mapping[str, Any]) -> Schema:
    return {**form, "minimum": 0} if form.get("type") == "integer" else dict(form)


def _attribute_docs(form: type) -> Mapping[str, str]:
    """The texts written under a dataclass's fields, by field."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(form))).body[0]
    except OSError:
        return {}
    pairs = zip(body.body, body.body[1:], strict=False) if isinstance(body, ast.ClassDef) else ()
    found: dict[str, str] = {}
    for field, after in pairs:
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = " ".join(said.split())
            case _:
                pass
    return found


def _waiver(kinds: Sequence[Kind[Any, Any]]) -> Schema:
    return {
        "type": "object",
        "description": "A person's dated acceptance of one finding.",
        "properties": {
            "rule": {"enum": list(waivable(kinds)), "description": "The rule whose finding is accepted."},
            **{name: {**_TEXT, "description": said} for name, said in _WAIVER_TEXTS.items()},
            "variables": {
                "type": "array",
                "items": _TEXT,
                "minItems": 1,
                "description": "What is accepted of these names alone, staging's and production's.",
            },
            "expires": {
                "description": "A TOML date or date-time in UTC; from then on it counts for nothing."
            },
        },
        "required": ["rule", *_WAIVER_TEXTS, "expires"],
        "additionalProperties": False,
    }
