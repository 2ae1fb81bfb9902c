"""How a page is read: its commands, and the output that belongs to each."""

from pathlib import Path

from tests.docs.page_writer import PageWriter, cut_part
from tests.docs.pages import read_examples, read_fences

TEXT = """\
```sh
make demo   # takes minutes
curl -s http://127.0.0.1:3000/readyz \\
  -d '{}'
```

It answers:

```json title="excerpt"
{}
```

```toml
[tables.orders]
```

```text
of no command
```
"""


def _page(folder: Path) -> Path:
    page = folder / "page.md"
    page.write_text(TEXT)
    return page


def test_a_command_has_the_output_that_follows_its_block(tmp_path: Path) -> None:
    first, second = read_examples(_page(tmp_path))
    assert (first.command, first.outputs) == ("make demo", ())
    assert second.command.split() == ["curl", "-s", "http://127.0.0.1:3000/readyz", "-d", "'{}'"]
    assert [(fence.language, fence.is_excerpt) for fence in second.outputs] == [("json", True)]


def test_outputs_are_written_in_their_places(tmp_path: Path) -> None:
    page, writer = _page(tmp_path), PageWriter()
    _, reply, _, text = read_fences(page)
    writer.replace(page, reply, '{\n  "longer": 1\n}')
    writer.replace(page, text, "new")
    writer.write()
    assert page.read_text() == TEXT.replace("{}\n```", '{\n  "longer": 1\n}\n```').replace(
        "of no command", "new"
    )


def test_a_part_is_cut_from_its_first_line_to_its_last() -> None:
    assert cut_part("a 1\nb 2\nc 3\nd", "b 9\nc 9") == "b 2\nc 3"
