"""The pages that are made from the code: each file and the function that writes its text."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from docs.generator.command_line import write_command_line
from docs.generator.http_api import write_http_api
from docs.generator.input_tables import write_input_tables
from docs.generator.json_keys import write_json_keys
from docs.generator.preset_pages import write_preset, write_preset_index
from docs.generator.settings import write_settings
from features.catalog.glossary import glossary_markdown
from nextbuy.init.preset import list_presets

FOLDER = Path(__file__).parents[1]

PAGES: dict[str, Callable[[], str]] = {
    "reference/command-line.md": write_command_line,
    "reference/features.md": glossary_markdown,
    "reference/http-api.md": write_http_api,
    "reference/input-tables.md": write_input_tables,
    "reference/json-keys.md": write_json_keys,
    "reference/nextbuy-toml.md": write_settings,
    "systems/index.md": write_preset_index,
    **{f"systems/{name}.md": partial(write_preset, name) for name in list_presets()},
}
