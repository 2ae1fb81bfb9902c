"""The pages are true: their commands run, and print what the pages show.

Commands run over a copy of one trained shop. How an output is compared stands in `masking.py`.
Trainings, the demo and the server are not started again for a page: what the first two print is
printed of the fixture's results, and requests go to one service that answers all pages.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from features.shop.shop import read_shop
from nextbuy import cli
from serving.service_settings import SETTINGS
from tests.docs.fixture_runs import COLUMNS, printed_by_demo, printed_by_train
from tests.docs.masking import contains, lay_out, mask_json, mask_lines, part_of, without_progress
from tests.docs.page_writer import IS_WRITING, PageWriter, cut_part
from tests.docs.pages import PAGES, ROOT, Example, read_commands, read_examples, read_fences

README = ROOT / "README.md"
EXAMPLES = [example for page in PAGES for example in read_examples(page)]
ADDRESS = "http://127.0.0.1:3000"
# Two pages ask the demo's shop for a customer. The tests have a smaller shop, whose customers are
# others, and ask for one of the same answer.
DEMO_CUSTOMER, CUSTOMER = "c-87ea73b448bf", "c-02561615287a"
_NOT_RUN = ("train", "demo", "serve")
_OPTIONS = {"-s", "-H", "-d"}


def _of(program: str) -> list[Example]:
    return [example for example in EXAMPLES if example.program == program]


def _is_run(example: Example) -> bool:
    return example.command.split()[1] not in _NOT_RUN


@pytest.fixture(scope="session")
def writer() -> Iterator[PageWriter]:
    """Collect new outputs, and write them into the pages if that was asked for."""
    collected = PageWriter()
    yield collected
    if IS_WRITING:
        collected.write()


@pytest.fixture
def in_shop(shop_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work inside the shop's folder, in a terminal of 80 columns."""
    monkeypatch.chdir(shop_folder)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("NEXTBUY_PSEUDONYM_KEY", "0" * 64)
    return shop_folder


@pytest.mark.parametrize("example", [e for e in _of("nextbuy") if _is_run(e)], ids=str)
def test_a_command_prints_what_its_page_shows(
    example: Example,
    in_shop: Path,
    writer: PageWriter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = _run(example.command, monkeypatch, capsys).replace(str(in_shop), "/home/you/my-shop")
    _check_output(example, printed, writer)


@pytest.mark.parametrize(
    "example", [e for e in _of("nextbuy") + _of("make") if not _is_run(e)], ids=str
)
def test_a_training_and_the_demo_print_what_their_pages_show(
    example: Example, simulated, writer: PageWriter
) -> None:
    if not example.outputs:
        return
    printed = printed_by_train if " train" in example.command else printed_by_demo
    _check_output(example, printed(simulated), writer)


@pytest.mark.parametrize("example", _of("curl"), ids=str)
def test_a_request_gets_the_reply_that_its_page_shows(
    example: Example, service: httpx.Client, writer: PageWriter
) -> None:
    response = _send(example.command, service)
    assert response.status_code < 500, response.text
    if example.outputs:
        _check_output(example, response.text, writer)
    else:
        assert response.status_code == 200, response.text


@pytest.mark.parametrize("example", _of("make"), ids=str)
def test_a_make_target_that_a_page_runs_exists(example: Example) -> None:
    done = subprocess.run(
        ["make", "-n", *example.command.split()[1:]], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_make_target_that_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
        assert named <= targets, f"{page.name} names {named - targets}"


@pytest.mark.parametrize("example", _of("mlflow"), ids=str)
def test_the_mlflow_command_opens_the_database_that_a_training_writes(
    example: Example, in_shop: Path
) -> None:
    written = Path(read_shop(in_shop / "nextbuy.toml").tracking_uri.removeprefix("sqlite:///"))
    assert Path(example.command.split("sqlite:///")[1]).resolve() == written


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_nextbuy_toml_of_a_page_is_read(page: Path, tmp_path: Path) -> None:
    for fence in read_fences(page):
        if fence.language == "toml":
            text = fence.text if "[tables." in fence.text else fence.text + _ORDERS
            (tmp_path / "nextbuy.toml").write_text(text)
            read_shop(tmp_path / "nextbuy.toml")


_ORDERS = '\n[tables.orders]\npath = "orders.csv"\n'


def test_the_readme_begins_with_the_two_commands_of_a_newcomer() -> None:
    first = next(fence for fence in read_fences(README) if fence.language == "sh")
    assert read_commands(first.text) == ["make demo", "make test"]


def test_the_readme_is_at_most_200_lines_long() -> None:
    assert len(README.read_text().splitlines()) <= 200


def test_the_page_about_the_service_lists_every_setting_of_it() -> None:
    page = (ROOT / "docs" / "how-to" / "serve.md").read_text()
    for name, (what, default) in SETTINGS.items():
        assert f"| `{name}` | {what} | `{default}` |" in page


def _run(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a `nextbuy` line in this process; give what it prints."""
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    printed = capsys.readouterr()
    assert not stopped.value.code, printed.err
    return printed.out


def _send(command: str, service: httpx.Client) -> httpx.Response:
    """Send what a `curl` line sends, to the service of the tests."""
    words = shlex.split(command.replace(DEMO_CUSTOMER, CUSTOMER))[1:]
    assert {word for word in words if word.startswith("-")} <= _OPTIONS, command
    url = next(word for word in words if word.startswith(ADDRESS)).removeprefix(ADDRESS)
    if "-d" not in words:
        return service.get(url)
    body = words[words.index("-d") + 1]
    return service.post(url, content=body, headers={"content-type": "application/json"})


def _check_output(example: Example, printed: str, writer: PageWriter) -> None:
    """Compare what a command prints with every fence that shows it."""
    for fence in example.outputs:
        if fence.language == "json":
            reply, shown = json.loads(printed), json.loads(fence.text or "null")
            part = part_of(reply, shown) if fence.is_excerpt else reply
            if IS_WRITING and DEMO_CUSTOMER not in example.command:
                writer.replace(example.page, fence, lay_out(part))
            else:
                assert mask_json(part) == mask_json(shown)
        elif IS_WRITING:
            part = cut_part(printed, fence.text) if fence.is_excerpt else printed.rstrip()
            writer.replace(example.page, fence, without_progress(part))
        elif fence.is_excerpt:
            assert contains(mask_lines(printed), mask_lines(fence.text)), printed
        else:
            assert mask_lines(printed) == mask_lines(fence.text)
