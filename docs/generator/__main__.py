"""Write all pages of the reference."""

from docs.generator.pages import FOLDER, PAGES

FOLDER.mkdir(parents=True, exist_ok=True)
for name, write in PAGES.items():
    (FOLDER / name).write_text(write(), encoding="utf-8")
