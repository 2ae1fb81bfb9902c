"""Says what `nextbuy init` has written, and what it could not map."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from nextbuy.init.shop_draft import ShopDraft


def show_gaps(console: Console, draft: ShopDraft, path: Path) -> None:
    """Show the tables of a written draft, and what the export does not hold and what that costs."""
    tables = ", ".join(table.table for table in draft.tables)
    console.print(f"[bold]{escape(str(path))}[/bold] written: {tables}", soft_wrap=True)
    for gap in draft.gaps:
        console.print(f"  not in it: {escape(gap)}")
