#!/bin/sh
# Makes build/lupu-VERSION.tar: Lupu, every Python package that it needs, its systemd files.
# Usage: release.sh PYTHON, that of a virtual environment with the pinned packages.
set -eu
python=$1
version=$("$python" setup.py --version)
folder=build/lupu-$version
# What the pinned packages need is pinned too.
wheels="$python -m pip wheel -qq --disable-pip-version-check --no-deps --wheel-dir $folder/wheels"

# What an earlier build left in build/lib would go into the package.
rm -rf build/lib build/bdist.* "$folder"
mkdir -p "$folder"
$wheels --requirement requirements.txt
$wheels --requirement requirements-db2.txt ||
    echo "IBM's Db2 driver is not to be had here: this release is without Db2." >&2
$wheels --no-build-isolation .
cp -R deploy/systemd deploy/databases "$folder/"
tar -C build -cf "$folder.tar" "lupu-$version"
rm -rf "$folder"
echo "$folder.tar"
