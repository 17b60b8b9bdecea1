"""The licence of a file is what it or the nearest folder says, else unknown."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.seeds.codebase import APACHE, MIT
from wizardcoder.seeds.licences import Licences, expression, recognise

GPL = (
    "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n … the GNU Affero General Public License"
)
LGPL = "GNU LESSER GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007"


def of(root: Path, name: str = "a.py", text: str = "", **files: str) -> str:
    """The licence of a file among others; `__` in a name is a folder's end, `_` a full stop."""
    for key, content in files.items():
        path = root / key.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    return Licences(root).of(root / name, text)


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("# SPDX-License-Identifier: MIT", "MIT"),
        ("/* SPDX-License-Identifier: mit or apache-2.0 */", "MIT OR Apache-2.0"),
        ("<!-- SPDX-License-Identifier: CC0-1.0 -->", "CC0-1.0"),
        ("# SPDX-License-Identifier: GPL-2.0-only WITH Classpath-exception-2.0", None),
        ("# SPDX-License-Identifier: whatever I like", "unknown"),
    ],
)
def test_the_header_of_a_file_decides(tmp_path: Path, text: str, licence: str | None) -> None:
    wanted = licence or "GPL-2.0-only WITH Classpath-exception-2.0"
    assert of(tmp_path, text=f"\n{text}\nx = 1\n", LICENSE=APACHE) == wanted


def test_an_identifier_far_down_is_no_header(tmp_path: Path) -> None:
    assert of(tmp_path, text="\n" * 40 + "# SPDX-License-Identifier: MIT") == "unknown"


def test_the_nearest_folder_decides(tmp_path: Path) -> None:
    assert of(tmp_path, "a/b/c.py", LICENSE=MIT) == "MIT"
    assert of(tmp_path, "a/b/c.py", a__COPYING=GPL) == "GPL-3.0-only"


def test_a_text_that_is_not_recognised_ends_the_search(tmp_path: Path) -> None:
    assert of(tmp_path, "a/b.py", LICENSE=MIT, a__LICENCE_md="Ask me.") == "unknown"


def test_package_metadata_speak_where_no_text_does(tmp_path: Path) -> None:
    assert of(tmp_path, "j/x.js", j__package_json='{"license": "ISC"}') == "ISC"
    assert of(tmp_path, "k/x.js", k__package_json='{"license": {"type": "MIT"}}') == "MIT"
    assert of(tmp_path, "c/x.rs", c__Cargo_toml='[package]\nlicense = "MIT OR Apache-2.0"') == (
        "MIT OR Apache-2.0"
    )
    assert of(tmp_path, "p/x.py", p__pyproject_toml='[project]\nlicense = {text = "MIT"}') == "MIT"


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"license": 7}', '{"license": "UNLICENSED"}'])
def test_metadata_that_say_nothing_are_passed_over(tmp_path: Path, broken: str) -> None:
    assert of(tmp_path, "a/x.js", LICENSE=MIT, a__package_json=broken) == "MIT"


def test_of_several_texts_all_hold(tmp_path: Path) -> None:
    assert of(tmp_path, LICENSE_MIT=MIT, LICENSE_APACHE=APACHE) == "Apache-2.0 AND MIT"


def test_the_lesser_licence_comes_with_the_one_it_extends(tmp_path: Path) -> None:
    assert of(tmp_path, COPYING=GPL, COPYING_LESSER=LGPL) == "LGPL-3.0-only"


def test_a_module_called_license_is_no_licence(tmp_path: Path) -> None:
    assert of(tmp_path, license_py=MIT) == "unknown"


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (MIT, "MIT"),
        (APACHE, "Apache-2.0"),
        (f"# {GPL}", "GPL-3.0-only"),
        (MIT + "\n\nBundled:\n" + APACHE, "MIT"),
        (MIT.replace("AS IS", "as-is"), None),
        (MIT + "\nThe Commons Clause restricts it.", None),
        ("", None),
    ],
)
def test_texts_are_recognised_by_their_words(text: str, licence: str | None) -> None:
    assert recognise(text) == licence


@pytest.mark.parametrize(
    ("package", "licence"),
    [("numpy", "BSD-3-Clause"), ("pydantic", "MIT"), ("aiohttp", "Apache-2.0")],
)
def test_the_texts_of_installed_packages_are_recognised(package: str, licence: str) -> None:
    names = [f for f in distribution(package).files or () if "LICENSE" in f.name.upper()]
    texts = [Path(str(file.locate())).read_text(encoding="utf-8") for file in names]
    assert licence in {recognise(text) for text in texts}


def test_only_spdx_expressions_are_licences() -> None:
    assert expression("Apache 2") == expression("") == ""
    assert expression("LicenseRef-Mine") == "LicenseRef-Mine"
