"""The page's types of the API follow from the node's own code, and say what its document says."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "type_api"


@pytest.fixture(scope="module")
def typing() -> ModuleType:
    spec = spec_from_loader("type_api", SourceFileLoader("type_api", str(SCRIPT)))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_types_are_those_of_the_api() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "integer"}, "number"),
        ({"$ref": "#/components/schemas/Film"}, "Film"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
        ({"type": "array", "items": {"type": "string"}}, "readonly string[]"),
        ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "readonly (string | null)[]"),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
            "readonly [string, number]",
        ),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "{ readonly [key: string]: number }"),
        ({"enum": ["done", "failed"]}, '"done" | "failed"'),
        ({"const": "done"}, '"done"'),
        ({}, "unknown"),
    ],
)
def test_a_schema_becomes_a_type(typing: ModuleType, schema: dict[str, Any], text: str) -> None:
    assert typing._type(schema) == text


def test_a_field_that_may_be_missing_and_one_that_may_be_null_are_told_apart(typing: ModuleType) -> None:
    schema = {
        "description": "A thing.",
        "properties": {"there": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "missing": {"type": "string"}},
        "required": ["there"],
        "additionalProperties": True,
    }
    expected = (
        "/** A thing. */\nexport interface Thing {\n  readonly there: string | null;\n  readonly missing?: string;\n"
        "  readonly [more: string]: unknown;\n}\n"
    )
    assert typing._declaration("Thing", schema) == expected
