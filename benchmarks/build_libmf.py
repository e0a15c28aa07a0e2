"""Build LIBMF once more from its source package, with AVX and OpenMP, beside the installed one.

python benchmarks/build_libmf.py

The package builds without LIBMF's vector code. The flags here are those of LIBMF's own Makefile
with USEAVX. The result goes to the user's cache, where benchmarks/svd.py finds it.
"""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

FLAGS = "-O3 -march=native -fopenmp -DUSEAVX -DUSEOMP"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
TARGET = CACHE / "recsys-dagster" / f"libmf-avx-{sys.implementation.cache_tag}"


def avx_build() -> Path | None:
    """The library that `main` built, if it did."""
    return next(TARGET.glob("libmf*.so"), None)


def main() -> None:
    """Build the version that is installed with the flags above."""
    uv = os.environ.get("UV") or shutil.which("uv")
    installer = [uv, "pip", "install"] if uv else [sys.executable, "-m", "pip", "install"]
    python = ["--python", sys.executable] if uv else []
    wanted = ["--no-deps", "--no-cache-dir", "--no-binary", "libmf", f"libmf=={version('libmf')}"]
    # Setuptools takes the flags of C++ from CFLAGS or from CXXFLAGS, as it is old or new.
    flags = {"CFLAGS": FLAGS, "CXXFLAGS": FLAGS, "LDFLAGS": "-fopenmp"}
    shutil.rmtree(TARGET, ignore_errors=True)
    command = [*installer, *python, "--target", str(TARGET), *wanted]
    subprocess.run(command, env=os.environ | flags, check=True)
    print(f"built {avx_build()} with {FLAGS}")


if __name__ == "__main__":
    main()
