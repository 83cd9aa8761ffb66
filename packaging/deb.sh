#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What `make deb` does: installs what packaging needs, copies the tree to build/deb, and builds the Debian package there with debhelper.
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MAKELEVEL
export LC_ALL=C.UTF-8

src/operation/packages.sh deb
version=$(sed -n 's/^  version: //p' openapi.yaml)
stage=build/deb/welcomed-$version
rm -rf build/deb
mkdir -p "$stage"
tar --exclude=./build --exclude=./.local --exclude=./.git --exclude=__pycache__ -cf - . | tar -C "$stage" -xf -
cp -r packaging/debian "$stage/debian"
paragraph() { # NAME FILE, as debian/copyright wants it
    printf '\nLicense: %s\n' "$1"
    sed 's/[[:blank:]]*$//; s/^$/./; s/^/ /' "$2"
}
paragraph EUPL-1.2 LICENSE >> "$stage/debian/copyright"
for licence in CC-BY-4.0 GeoNutzV DL-DE-BY-2.0 Unicode-3.0; do
    paragraph "$licence" "content/licences/$licence.txt" >> "$stage/debian/copyright"
done
if ! (cd "$stage" && dpkg-buildpackage --no-sign --build=binary > ../log 2>&1); then
    tail -n 30 build/deb/log >&2
    exit 1
fi
rm -rf build/welcomed_*.deb "$stage"
mv build/deb/welcomed_*.deb build/
ls build/welcomed_*.deb
