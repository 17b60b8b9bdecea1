"""Build the wheel, install it into an empty environment, and use it there. Run by `make wheel`.

Heavy packages are taken from the environment that runs this script, so that nothing is downloaded
twice; WizardCoder itself comes from the wheel alone.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ("wizardcoder/py.typed", "wizardcoder/recipes/miniature.toml")
TRY = """
import pathlib, sys, wizardcoder
from wizardcoder import recipe
home = pathlib.Path(wizardcoder.__file__).parent
assert "site-packages" in str(home), home
assert (home / "py.typed").exists() and any((home / "report" / "templates").iterdir())
recipe.load(home / "recipes" / "miniature.toml")
from wizardcoder.sandbox import conformance
assert len(conformance.programs()) > 100
assert "torch" not in sys.modules and "pandas" not in sys.modules
"""


def run(*command: object) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
        (wheel,) = folder.glob("*.whl")
        held = zipfile.ZipFile(wheel).namelist()
        if absent := [file for file in NEEDED if file not in held]:
            sys.exit(f"{wheel.name} lacks {absent}")
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        run(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel)
        packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        borrowed = Path(packages.strip()) / "borrowed.pth"
        borrowed.write_text(sysconfig.get_path("purelib") + "\n")
        (Path(packages.strip()) / "wizardcoder").resolve(strict=True)
        run(python, "-c", TRY)
        usage = run(folder / "env" / "bin" / "wizardcoder", "--help")
        assert "evolve" in usage, usage
    print(f"{wheel.name}: builds, installs into an empty environment and runs")


if __name__ == "__main__":
    main()
