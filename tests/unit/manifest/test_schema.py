"""The shipped JSON Schema says what loading says."""

from __future__ import annotations

import json
from dataclasses import fields

from disjoint.kinds.registry import KINDS
from disjoint.manifest import environments, load, waivers
from disjoint.manifest.schema import SHIPPED, schema, text
from disjoint.model.finding import Grade, Waiver

SCHEMA = schema(KINDS)
DEFINITIONS = SCHEMA["definitions"]


def test_the_shipped_file_is_what_the_types_give() -> None:
    """docs/manifest.md says how to write it anew."""
    assert SHIPPED.read_text(encoding="utf-8") == text(KINDS)


def test_every_table_knows_exactly_the_keys_that_loading_knows() -> None:
    """An editor warns where `disjoint verify` refuses."""
    assert set(SCHEMA["properties"]) == set(load.KEYS)
    assert set(DEFINITIONS["environment"]["properties"]) == set(environments.KEYS)
    assert set(DEFINITIONS["waiver"]["properties"]) == set(waivers.KEYS) == {f.name for f in fields(Waiver)}
    sources = DEFINITIONS["environment"]["properties"]["variables"]["oneOf"]
    assert [list(source["properties"]) for source in sources] == [[name] for name in environments.SOURCES]
    for kind in KINDS:
        own = {field.name for field in fields(kind.declared)} - (
            {"public"} if kind.name == "variables" else set()
        )
        assert set(DEFINITIONS[kind.name]["properties"]) == {"kind", "minimum", *own}
        assert DEFINITIONS[kind.name]["properties"]["kind"] == {"enum": [kind.name]}


def test_grades_and_rules_are_the_models() -> None:
    """Completion offers what is valid."""
    assert DEFINITIONS["redis"]["properties"]["minimum"]["enum"] == [grade.word for grade in Grade]
    assert DEFINITIONS["waiver"]["properties"]["rule"]["enum"] == list(waivers.waivable(KINDS))


def test_it_keeps_to_what_old_editors_know() -> None:
    """No null, no const, nothing open, no empty list of required keys."""
    whole = json.dumps(SCHEMA)
    assert '"null"' not in whole
    assert '"const"' not in whole
    assert '"required": []' not in whole
    assert "$defs" not in whole
    tables = [SCHEMA, *DEFINITIONS.values()]
    assert [table["additionalProperties"] for table in tables] == [False] * len(tables)


def test_what_is_written_under_a_field_describes_it() -> None:
    """Editors show the declaration's own words."""
    assert "libpq" in DEFINITIONS["postgres"]["properties"]["url"]["description"]
