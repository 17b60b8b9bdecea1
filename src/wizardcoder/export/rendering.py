"""Cards from their templates."""

from __future__ import annotations

from wizardcoder.export import markdown


def render(template: str, **facts: object) -> str:
    """A template of this package with its facts, as Markdown; a fact that is missing is an error.

    Values are escaped by the filters that the template names, since Markdown is not HTML.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("wizardcoder.export", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        code=markdown.code,
        fenced=markdown.fenced,
        number=lambda number: f"{number:,}",
        percent=lambda part, whole: f"{part / whole:.1%}",
        prose=markdown.prose,
        yaml=markdown.scalar,
    )
    return environment.get_template(template).render(**facts)
