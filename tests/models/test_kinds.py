"""Tests of the table of the kinds of models."""

from typing import get_args

from models.kinds import KINDS, Model, ModelKind


def test_every_kind_has_a_row_and_a_class_and_a_section_of_its_own() -> None:
    assert set(KINDS) == set(get_args(ModelKind))
    assert {kind.model for kind in KINDS.values()} == set(get_args(Model))
    assert len({kind.section for kind in KINDS.values()}) == len(KINDS)
