#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# npm-package.sh NAME VERSION SHA512 FOLDER FILE...: brings these files of a package of npm into the folder, all or nothing.
# The hash, in base64, is the one npm itself names (npm view NAME@VERSION dist.integrity); what does not have it is thrown away.
set -eu
[ $# -ge 5 ] || { echo "usage: npm-package.sh NAME VERSION SHA512 FOLDER FILE..." >&2 && exit 2; }
name=$1 version=$2 hash=$3 folder=$4
shift 4

# Of an earlier call with the same hash.
[ "$(cat "$folder/.sha512" 2> /dev/null)" != "$hash" ] || exit 0

command -v npm > /dev/null || { echo "npm is needed to bring $name (Debian's packages: nodejs npm)." >&2 && exit 1; }
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

npm pack --silent --ignore-scripts --pack-destination "$work" "$name@$version" > /dev/null || { echo "npm could not bring $name@$version." >&2 && exit 1; }
archive=$(ls "$work"/*.tgz)
expected=$(echo "$hash" | base64 -d | od -An -v -tx1 | tr -d ' \n')
echo "$expected  $archive" | sha512sum --check --status || { echo "$name@$version has another hash than expected." >&2 && exit 1; }

for file; do
    tar -xzf "$archive" -C "$work" --strip-components=1 "package/$file"
done
rm "$archive"
echo "$hash" > "$work/.sha512"
chmod -R u=rwX,go=rX "$work"
rm -rf "$folder"
mv "$work" "$folder"
