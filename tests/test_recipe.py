"""A recipe is typed, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizardcoder import recipe
from wizardcoder.errors import RecipeError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "r.toml"
    path.write_text(text)
    return path


def test_an_empty_recipe_is_the_papers(tmp_path: Path) -> None:
    assert recipe.load(write(tmp_path, "")) == recipe.Recipe()


def test_a_resolved_recipe_reads_back_as_itself(tmp_path: Path) -> None:
    first = recipe.load(write(tmp_path, "[seeds]\ncount = 3\noptions = {share = 0.5}\n"))
    assert recipe.load(write(tmp_path, recipe.dump(first))) == first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[train]\nlrr = 1", r"r\.toml: unknown key 'train\.lrr'; known here: attention, .*lr,"),
        ("sed = 1", r"unknown key 'sed'; known here: arms, base"),
        ("[train]\nlr = -1", r"'train\.lr' = -1: .*greater than 0"),
        ("[train]\nlr = ", r"r\.toml: not a TOML file: Invalid value"),
        ("[train]\nepochs = 3", r"exactly one of steps, epochs, label_tokens \(got steps, epochs"),
        ('arms = ["round-9"]', r"unknown arm 'round-9'; known: base, final, only-1"),
        ("[evolve.operations]\nconstrain = 1", r"unknown operation 'constrain'; known: constr"),
        ('arms = ["seed", "seed"]', r"arms names 'seed' more than once"),
        ("[controls.seed]\nsource = 'x'", r"a control cannot be called 'seed'"),
        ("[controls.'../evil']\nsource = 'x'", r"a control cannot be called '\.\./evil'"),
        ("[controls.x]", r"controls\.x needs either source or operations"),
        ("[generate]\ntemperature = inf", r"'generate\.temperature' = inf"),
        (
            '[evolve.custom.deepen]\nprompt = "{question}!"',
            r"cannot be called 'deepen': .* than con",
        ),
        ('[evolve.custom."a b"]\nprompt = "{question}!"', r"cannot be called 'a b'"),
        ('[evolve.custom.x]\nprompt = "Hi"', r"custom\.x\.prompt holds {question} 0 times"),
        ('[evolve.custom.x]\nprompt = "{question}{question}"', r"holds {question} 2 times"),
        ('[evolve.custom.x]\nprompt = " {question}"', r"x\.prompt asks for nothing"),
        ('[evolve.custom.x]\nprompt = "Hi {question}"', r"custom\.x is never drawn: give it a w"),
        ("[evolve.languages]\nRust = 0", r"languages needs at least one with a weight above 0"),
        ('[evolve.languages]\n"" = 1', r"languages names no language: ''"),
        ("[evolve.operations]\nreplace = 0", r"needs at least one operation with a weight above 0"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_would_do(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe.load(write(tmp_path, text))


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no such recipe"):
        recipe.load(tmp_path / "absent.toml")


def test_overrides_are_toml_values_or_plain_text(tmp_path: Path) -> None:
    loaded = recipe.load(
        write(tmp_path, "[train]\nlr = 1.0\n"),
        ["train.lr=0.5", "seeds.source=seeds.jsonl", 'arms=["base"]'],
    )
    assert (loaded.train.lr, loaded.seeds.source, loaded.arms) == (0.5, "seeds.jsonl", ["base"])


@pytest.mark.parametrize("override", ["train.lr", "name.x=1", "=3"])
def test_a_bad_override_is_quoted(tmp_path: Path, override: str) -> None:
    with pytest.raises(RecipeError, match=f"--set '{override}'"):
        recipe.load(write(tmp_path, 'name = "n"'), [override])


def test_operations_of_ones_own_are_drawn_like_those_that_are_known(tmp_path: Path) -> None:
    text = """
    [evolve.operations]
    constraints = 1
    breadth = 0.5
    rhyme = 2
    [evolve.custom.rhyme]
    prompt = "Make {it} rhyme: {question}"
    """
    evolve = recipe.load(write(tmp_path, text)).evolve
    assert evolve.operations == {"constraints": 1.0, "breadth": 0.5, "rhyme": 2.0}
    assert evolve.custom["rhyme"].judged


def test_differences_of_further_teachers_are_named_one_by_one() -> None:
    one = recipe.Recipe(teachers=[recipe.Teacher(model="a")])
    two = recipe.Recipe(teachers=[recipe.Teacher(model="b")])
    assert recipe.differences(one, two) == {"teachers.0.model": ("a", "b")}
