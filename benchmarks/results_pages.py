"""Pages of results, written from what the benchmarks measured. Run with `make results`.

A benchmark writes its rows to `benchmarks/results/<name>.json`, and the commit and the date to
`benchmarks/results/measured.json`. From these a page per benchmark is made in `docs/results/`. The
pages are committed and the JSON is not; a benchmark without JSON keeps the page that it has.
"""

from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks.rows import MEASURED, RESULTS, Measured, Row

PAGES = Path(__file__).parent.parent / "docs" / "results"


class Subject(msgspec.Struct, frozen=True):
    """What a page is about: its title, the make target that measures, and a paragraph."""

    title: str
    target: str
    text: str


# name of the JSON -> subject
SUBJECTS: dict[str, Subject] = {
    "quality": Subject(
        "How good the forecasts are",
        "bench-quality",
        "Everything is fitted anew at each origin, on what was known there and with the default "
        "settings, and judged on the 90 days after it. CRPS is the error of the whole law of the "
        "next purchase; below 0 % ours is the smaller one, with the 95 % interval of a paired "
        "bootstrap over customers. The simulated shops are judged against each customer's true "
        "chance.",
    ),
    "value": Subject(
        "Expected purchases and spend",
        "bench-value",
        "Expected purchases and spend are held beside hurdles and boosters of the amount. Below 0 "
        "ours is better than the textbook's.",
    ),
    "tail": Subject(
        "Beyond the horizon",
        "bench-tail",
        "The law beyond the horizon is held beside BG/NBD's, by its CRPS over the days from there "
        "to day 365.",
    ),
    "channel": Subject(
        "What choosing the channel gains",
        "bench-channel",
        "The channel model learns in worlds whose truth is known, and the gain is the true one. In "
        "the first worlds everybody can be sent everything. In those with consents, customers who "
        "consent buy more anyway: without any effect no uplift may be stated, and with effects "
        "uplift, intervals and choices are held against the truth. A row says whether low and high "
        "are the worst and the best seed, or the mean less and plus its standard error. Then come "
        "logged chances that are wrong, the policy study of logs without any effect, Hillstrom's "
        "test, Starbucks' offers, and Open Bandit.",
    ),
    "sources": Subject(
        "What reading exports costs",
        "bench-sources",
        "A million orders with two lines each are read and checked, from a Shopify export through "
        "its preset and from Parquet in the contract's columns, and a million orders from MariaDB "
        "and PostgreSQL. Each reading is a process of its own. Memory is what no file stands "
        "behind; `shop.memory_gib` bounds it, and 100,000 orders stay far below that bound.",
    ),
    "answer": Subject(
        "What an answer costs",
        "bench-answer",
        "The CPU that one customer's churn and timing take, the features given. The models are "
        "trained on a simulated dense shop with every table.",
    ),
    "training": Subject(
        "What training costs",
        "bench-training",
        "What a training costs up to a million customers, and what more of them gain.",
    ),
    "features": Subject(
        "What the features cost",
        "bench-features",
        "CPU and memory of the features of everybody in a large warehouse. The floor is DuckDB's "
        "count, sum and max per customer over the same tables.",
    ),
    "ask": Subject(
        "What features cost when a customer is asked for",
        "bench-features",
        "Reading the history store and computing all features, for one customer and for many, "
        "beside rivals that read the same rows.",
    ),
    "btyd": Subject(
        "How fast the BTYD models are",
        "bench-btyd",
        "Fitting and asking the models of purchases that need dates and amounts alone.",
    ),
    "demo": Subject(
        "How long a newcomer waits",
        "bench-demo",
        "The demo of both shops, and a simulated shop of 100,000 customers.",
    ),
}


def write_pages(results: Path = RESULTS, pages: Path = PAGES) -> list[Path]:
    """Write the page of every benchmark that has results.

    Returns
    -------
    list of Path
        The pages that were written.
    """
    measured = msgspec.json.decode((results / MEASURED).read_bytes(), type=dict[str, Measured])
    written = []
    for name, subject in SUBJECTS.items():
        if name in measured:
            rows = msgspec.json.decode((results / f"{name}.json").read_bytes(), type=list[Row])
            page = pages / f"{name}.md"
            page.write_text(to_page(subject, measured[name], rows), encoding="utf-8")
            written.append(page)
    return written


def to_page(subject: Subject, measured: Measured, rows: list[Row]) -> str:
    """Write the Markdown of a page: what was measured, when and of which code, and the rows."""
    lines = [
        f"# {subject.title}",
        "",
        f"Measured by `make {subject.target}` on {measured.date}, at commit {measured.commit}, "
        f"on {measured.cores} cores with a load of {measured.load:.1f}; where the load is above "
        "the number of cores, other work ran beside it. `make results` writes this page.",
        "",
        subject.text,
        "",
        "| figure | value | low | high | goal | met |",
        "|---|---|---|---|---|---|",
        *(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in row.cells()) + " |"
            for row in rows
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the pages and name them."""
    console = Console()
    for page in write_pages():
        console.print(f"written: {page}", soft_wrap=True)


if __name__ == "__main__":
    main()
