"""Write all pages that are made from the code."""

from docs.generator.pages import FOLDER, PAGES

for name, write in PAGES.items():
    (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_text(write(), encoding="utf-8")
