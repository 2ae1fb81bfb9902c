"""The pages of docs/reference/ and docs/systems/ are what the code of today says."""

import re

import pytest

from docs.generator.json_keys import RESPONSES
from docs.generator.json_schema import read_objects
from docs.generator.pages import FOLDER, PAGES
from serving.http.service import NextbuyService


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name](), "run: make reference"


def test_there_is_no_page_that_the_generator_does_not_write() -> None:
    folders = {(FOLDER / name).parent for name in PAGES}
    pages = {str(path.relative_to(FOLDER)) for folder in folders for path in folder.iterdir()}
    assert pages == PAGES.keys()


def test_every_endpoint_that_is_served_is_on_the_pages() -> None:
    assert {method.route for method in NextbuyService.apis.values()} == RESPONSES.keys()


@pytest.mark.parametrize("path", RESPONSES)
def test_every_key_of_a_response_has_a_meaning(path: str) -> None:
    objects = list(read_objects(RESPONSES[path].model_json_schema(mode="serialization")))
    assert all(described.meaning for described in objects)
    assert [(o.path, key.name) for o in objects for key in o.keys if not key.meaning] == []


def test_every_variable_of_the_environment_is_on_the_page() -> None:
    packages = ("features", "models", "training", "serving", "nextbuy")
    root = FOLDER.parent
    texts = [path.read_text() for package in packages for path in (root / package).rglob("*.py")]
    variables = set(re.findall(r"NEXTBUY_[A-Z_]+", "\n".join(texts)))
    page = (FOLDER / "reference/nextbuy-toml.md").read_text()
    assert {name for name in variables if f"| `{name}` |" not in page} == set()
