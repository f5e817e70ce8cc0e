"""Every sentence of the staff's pages has its Chinese, and none is left over."""

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from hub.parking import OTHER, kinds
from internal_apps.parking.web import words
from internal_apps.staff import roles
from internal_apps.staff.languages import Texts, choose, write_yuan
from internal_apps.staff.roles import MAY, Permission, Role

APPLICATIONS = Path(roles.__file__).parents[1]
KEYWORDS = {"_": None, "sentence": None, "ngettext": (1, 2)}
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]


def _said(part: str) -> set[object]:
    found = extract_from_dir(APPLICATIONS / part, METHODS, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found}


def _known(part: str) -> dict[object, Any]:
    with (APPLICATIONS / part / "translations" / "zh.po").open("rb") as file:
        return {entry.id: entry.string for entry in read_po(file, locale="zh_Hans_CN") if entry.id}


PARTS = ("staff", "ticketing", "evidence", "parking", "following")


@pytest.mark.parametrize("part", PARTS)
def test_every_sentence_is_translated(part: str) -> None:
    """Nothing said in a template or a page's code lacks its Chinese."""
    known = _known(part)
    # A menu entry is declared by its application and shown by the shell.
    assert not _said(part) - set(known)
    for english, chinese in known.items():
        text = "".join(chinese)
        assert text, english
        names = re.findall(r"%\((\w+)\)", english[-1] if isinstance(english, tuple) else english)  # type: ignore[arg-type]
        assert sorted(re.findall(r"%\((\w+)\)", text)) == sorted(names), english


def test_no_translation_is_left_over() -> None:
    """What is not said any more is not translated any more."""
    said = set().union(*(_said(part) for part in PARTS))
    for part in PARTS:
        assert not set(_known(part)) - said, part


def test_each_kind_of_reason_is_explained() -> None:
    """What the guard refuses is never called a mistake in Lupu that all may be replayed for."""
    assert set(words.KINDS) == {*kinds(), OTHER}


def test_counts_take_the_form_that_fits() -> None:
    """One minute and many minutes differ in English, not in Chinese."""
    texts = Texts([APPLICATIONS / part / "translations" for part in PARTS])
    one, many = "One minute left.", "%(num)d minutes left."
    assert texts.texts("en", one, many, 1) == one
    assert texts.texts("en", one, many, 2) == many
    assert (
        texts.texts("zh", one, many, 1) == texts.texts("zh", one, many, 2) == "还剩 %(num)d 分钟。"
    )


def test_amounts_are_whole_fen() -> None:
    """An amount is written from whole fen, never through a float."""
    assert write_yuan(0) == "¥0.00"
    assert write_yuan(5) == "¥0.05"
    assert write_yuan(123_456_789_01) == "¥123,456,789.01"
    assert write_yuan(-150) == "-¥1.50"


def test_the_browser_is_heard() -> None:
    """The first language that we have among those accepted; else English."""
    assert choose([("fr", 1.0), ("zh-TW", 0.8), ("en", 0.5)]) == "zh"
    assert choose([]) == "en"


def test_the_table_of_rights_is_the_one_that_is_written_down() -> None:
    """The table at the top of roles.py says what the program does."""
    text = roles.__doc__ or ""
    heads = re.search(r"^ +(clerk .*)$", text, re.MULTILINE)
    assert heads is not None
    columns = {name: heads.start(1) + heads[1].index(name) for name in heads[1].split()}
    columns = {name: at - heads.start() for name, at in columns.items()}
    for permission in Permission:
        line = re.search(rf"^    {permission.value} .*$", text, re.MULTILINE)
        assert line is not None, permission
        for role in Role:
            at = columns[role.value]
            marked = "x" in line[0][max(0, at - 1) : at + len(role.value)]
            assert marked == (permission in MAY[role]), (permission, role)
