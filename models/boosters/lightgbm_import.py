"""Imports LightGBM without scikit-learn, for programs that start often and never use the latter."""

import sys


def import_lightgbm_alone() -> None:
    """Import LightGBM without scikit-learn, unless one of them is already imported.

    LightGBM imports scikit-learn for estimators of its own, which Nextbuy does not use; that takes
    ten times as long as the rest of its import. In this process those estimators then do not work,
    so a program calls this function and an imported module never does. scikit-learn itself can be
    imported afterwards.
    """
    if "lightgbm" in sys.modules or "sklearn" in sys.modules:
        return
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # its import fails as if not there
    try:
        import lightgbm  # noqa: F401  # stays in sys.modules for whoever imports it next
    finally:
        del sys.modules["sklearn"]
