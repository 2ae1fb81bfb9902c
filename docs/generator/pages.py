"""The pages of the reference: the name of each file and the function that writes its text."""

from collections.abc import Callable
from pathlib import Path

from docs.generator.command_line import write_command_line
from docs.generator.http_api import write_http_api
from docs.generator.input_tables import write_input_tables
from docs.generator.json_keys import write_json_keys
from docs.generator.settings import write_settings
from features.catalog.glossary import glossary_markdown

FOLDER = Path(__file__).parents[1] / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": write_command_line,
    "features.md": glossary_markdown,
    "http-api.md": write_http_api,
    "input-tables.md": write_input_tables,
    "json-keys.md": write_json_keys,
    "nextbuy-toml.md": write_settings,
}
