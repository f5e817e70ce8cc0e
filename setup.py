"""Lupu, an enterprise integration hub that joins two networks which must not touch."""

import os
from importlib import import_module
from pathlib import Path

from setuptools import Extension, find_namespace_packages, find_packages, setup

HERE = Path(__file__).parent


def listed(name: str) -> list[str]:
    """Return the requirements of a file, without remarks."""
    lines = (HERE / name).read_text("utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith(("#", "-"))]


def compiled() -> list[Extension]:
    """Return what mypyc compiles to C, if LUPU_COMPILED=1 asks for it: see compiled.txt."""
    if os.environ.get("LUPU_COMPILED") != "1":
        return []
    extensions: list[Extension] = import_module("mypyc.build").mypycify(listed("compiled.txt"))
    return extensions


setup(
    name="lupu",
    version="0.1.0",
    description="Joins two networks that must not touch: queues, evidence, one outcome each.",
    python_requires=">=3.11",
    packages=[
        *find_packages(exclude=["tests", "tests.*", "bench", "bench.*"]),
        *find_namespace_packages(include=["schemas", "schemas.*"]),
    ],
    ext_modules=compiled(),
    include_package_data=True,
    package_data={
        "": [
            *("templates/**/*.html", "static/*", "translations/*.po", "*.toml"),
            *("*.conf", "*.cfg", "*.http", "*.nft", "advanced.config", "distrusted.xml"),
        ],
        "schemas.xsd": ["*.xsd"],
        "schemas.wsdl": ["*.wsdl"],
    },
    install_requires=listed("requirements.txt"),
    extras_require={"db2": listed("requirements-db2.txt")},
    entry_points={"console_scripts": ["lupu = lupu.commands:main"]},
)
