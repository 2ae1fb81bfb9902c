"""The report as one HTML file that needs nothing beside it: no network, script or font."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass

import jinja2
import matplotlib
from matplotlib.figure import Figure

from training.report.report import ModelReport

_TEMPLATE = "report.html.jinja"


@dataclass(frozen=True)
class ReportHeader:
    """What the report is of.

    Attributes
    ----------
    simulated : bool
        The shop says that nobody in it exists.
    facts : dict of str to str
        Shown as they are: data, cutoffs, target.
    versions : dict of str to str
        The registered versions that were trained, by kind.
    """

    shop: str
    simulated: bool
    facts: Mapping[str, str]
    versions: Mapping[str, str]


def render_page(report: ModelReport, header: ReportHeader) -> str:
    """Write the report as HTML. Texts of the shop are escaped; plots are SVG within it."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("training", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = figure_data_uri
    return environment.get_template(_TEMPLATE).render(report=report, header=header)


def figure_data_uri(figure: Figure) -> str:
    """Write a figure as a data URI: SVG, its text as outlines, so that it needs no font."""
    stream = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(stream.getvalue()).decode()}"
