"""Pools of ideas, and the files that hold them."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.records.search.ideas import Codemod, Idea, IdeaSource, SubCategory
from generator.ideas.pool import MAX_FILE_BYTES, IdeaError, IdeaPool, read_pool, shipped, write_pool

SMOOTH, WIDER = "operator/activation/smooth", "network/width/wider"
TEMPLATE = [
    SubCategory(path=SMOOTH, says="Smooth activations.", origin="paper", marks=("GELU",)),
    SubCategory(path=WIDER, says="More channels.", origin="ours"),
]
ENTRY = """
[[ideas]]
id = "a"
path = "operator/activation/smooth"
statement = "Smooth activations, all of them."
sources = [{ title = "A paper" }]
"""


def idea(name: str, path: str = SMOOTH, **rest: object) -> Idea:
    source = IdeaSource(title="Somebody 2020, A paper: with \"quotes\", 'more' and ümläuts", section="2.1")
    return Idea(id=name, path=path, statement="Do it.\tThus, C:\\so.", sources=(source,), **rest)  # type: ignore[arg-type]


IDEAS = [
    idea("a", opposite="b", codemod=Codemod(match="relu", becomes="gelu", every=True, shows=("+gelu",))),
    idea("b", author="a model"),
    idea("c", WIDER, codemod=Codemod(scale=1.5, part="stages", shows=("+parameters",))),
]


@pytest.mark.parametrize("template", [TEMPLATE, list(shipped().template.values())], ids=["own", "shipped"])
def test_a_pool_is_read_as_it_was_written(tmp_path: Path, template: list[SubCategory]) -> None:
    pool, place = IdeaPool(template, IDEAS), tmp_path / "pool.toml"
    write_pool(pool, place)
    again = read_pool(place)
    assert (again.ideas, again.template) == (pool.ideas, pool.template)
    assert list(again.ideas) == ["a", "b", "c"] and list(again.template) == list(pool.template)
    assert ("[[subcategories]]" in place.read_text()) == (template is TEMPLATE)


def test_the_shipped_pool_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_pool(shipped(), tmp_path / "pool.toml")
    assert read_pool(tmp_path / "pool.toml").ideas == shipped().ideas


def test_ideas_are_under_their_sub_categories_in_the_templates_order() -> None:
    pool = IdeaPool(TEMPLATE, reversed(IDEAS))
    assert {path: [each.id for each in ideas] for path, ideas in pool.by_path.items()} == {
        SMOOTH: ["b", "a"],
        WIDER: ["c"],
    }
    assert pool.categories == ["operator/activation", "network/width"]


def test_a_part_of_a_pool_forgets_opposites_that_go() -> None:
    pool = IdeaPool(TEMPLATE, IDEAS)
    assert pool.where(IDEAS[:2]).ideas["a"].opposite == "b"
    assert pool.where(IDEAS[:1]).ideas["a"].opposite is None


@pytest.mark.parametrize(
    ("template", "ideas", "said"),
    [
        (TEMPLATE * 2, [], "names a sub-category twice: give each path once"),
        (TEMPLATE, [*IDEAS, IDEAS[1]], "two ideas are called 'b': give each a name of its own"),
        (TEMPLATE[:1], IDEAS, "idea 'c': the template has no sub-category 'network/width/wider'. Write one"),
        (TEMPLATE, [idea("a", SMOOTH + "er")], f"Did you mean '{SMOOTH}'?"),
        (TEMPLATE, [idea("a", opposite="x")], "idea 'a': its opposite 'x' is no idea here. Leave it out."),
    ],
)
def test_ideas_that_contradict_their_template_or_one_another_are_refused(
    template: list[SubCategory], ideas: list[Idea], said: str
) -> None:
    with pytest.raises(IdeaError) as raised:
        IdeaPool(template, ideas)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("ideas = [", "this is not valid TOML: "),
        ("a = " + 6_000 * "9", "this is not valid TOML: "),
        ("a = " + 3_000 * "[", "nested too deeply"),
        (".".join("a" * 99) + " = 1", "line 1 has more than 10 dots outside of strings"),
        ("[[idea]]\nid = 'x'", "'idea' is no table of a pool, which has [[subcategories]] and [[ideas]]"),
        ("ideas = 3", "'ideas' must be a list of tables: write [[ideas]]"),
        ("ideas = [3]", "ideas.1: Input should be a valid dictionary"),
        (ENTRY + 'colour = "red"', "ideas.1.colour: Extra inputs are not permitted. Mend that entry."),
        (ENTRY.replace('"a"', '"A b"'), "ideas.1.id: String should match pattern"),
        (ENTRY + ENTRY.replace("statement", "says"), "ideas.2.statement: Field required. Mend that entry."),
        (ENTRY + ENTRY, "two ideas are called 'a': give each a name of its own"),
        (ENTRY.replace("smooth", "smoother"), "Did you mean 'operator/activation/smooth'?"),
        (ENTRY + 'opposite = "b"', "its opposite 'b' is no idea here. Leave it out."),
        (ENTRY + "codemod = { shows = [] }", "ideas.1.codemod.shows: Tuple should have at least 1 item"),
        (ENTRY + 'codemod = { shows = ["+relu"] }', "matches something, replaces a part or scales it"),
        (ENTRY + 'codemod = { scale = 2.0, match = "a", shows = ["+relu"] }', "matches and replaces nothing"),
        (ENTRY + 'codemod = { scale = 9.0, shows = ["+relu"] }', "less than or equal to 4"),
        ("[[subcategories]]\npath = 'a/b'", "subcategories.1.path: String should match pattern"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_pool_is_one_line_with_its_place(tmp_path: Path, content: str, said: str) -> None:
    place = tmp_path / "pool.toml"
    place.write_text(content)
    with pytest.raises(IdeaError) as raised:
        read_pool(place)
    message = str(raised.value)
    assert message.startswith(f"{place}: ") and said in message
    assert len(message.splitlines()) == 1 and len(message) < len(str(place)) + 400


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    absent, latin, large = tmp_path / "absent", tmp_path / "latin", tmp_path / "large"
    latin.write_bytes(b"a = '\xfc'")
    with large.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    for place, said in (
        (absent, "No such file or directory. Check the path."),
        (tmp_path, "not a regular file"),
        (latin, "this is no UTF-8 text. Save it as such."),
        (large, "larger than 8,000,000 bytes"),
    ):
        with pytest.raises(IdeaError) as raised:
            read_pool(place)
        assert str(raised.value).startswith(f"{place}: ") and said in str(raised.value)


def test_dots_within_strings_are_no_matter(tmp_path: Path) -> None:
    place = tmp_path / "pool.toml"
    place.write_text(ENTRY.replace("all of them.", "all of them" + 300 * "."))
    assert read_pool(place).ideas["a"].statement.endswith("...")


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.ideas.pool.MAX_FILE_BYTES", 300)
    with pytest.raises(IdeaError, match="3 ideas are more than a file of 300 bytes holds"):
        write_pool(IdeaPool(TEMPLATE, IDEAS), tmp_path / "pool.toml")
    assert not (tmp_path / "pool.toml").exists()
