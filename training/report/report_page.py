"""Renders a report as one HTML file that loads nothing: no network, script or font."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass

import jinja2
import matplotlib
from matplotlib.figure import Figure

from training.report.report_content import ModelReport

_TEMPLATE = "report.html.jinja"


@dataclass(frozen=True)
class ReportHeader:
    """What a report is about: the shop, its data and the registered versions.

    Attributes
    ----------
    shop : str
        Name of the shop.
    simulated : bool
        Whether the shop's data are simulated, so that nobody in it exists.
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
    """Render a report as one HTML page; texts of the shop are escaped, plots are embedded as SVG.

    Parameters
    ----------
    report : ModelReport
        Texts, plots and tables.
    header : ReportHeader
        What the report is about.

    Returns
    -------
    str
        HTML.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("training.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = figure_data_uri
    return environment.get_template(_TEMPLATE).render(report=report, header=header)


def figure_data_uri(figure: Figure) -> str:
    """Encode a figure as a data URI of an SVG whose text is drawn as outlines, needing no font.

    Parameters
    ----------
    figure : Figure
        A plot.

    Returns
    -------
    str
    """
    stream = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(stream.getvalue()).decode()}"
