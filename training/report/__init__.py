"""The HTML report of a training and of a policy study: tables, plots, page."""
