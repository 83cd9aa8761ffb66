#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What `make test-system` does: the release build as an operator meets it, installed, packaged, watched and in a browser. It needs more packages
# than `make test`; its arguments go to pytest.
set -eu
cd "$(dirname "$0")/../.."
unset MAKEFLAGS MAKELEVEL

src/operation/packages.sh system
make -s -j "$(nproc)" all
export WELCOMED="$PWD/build/release/welcomed"
exec src/operation/with-cluster.sh env --default-signal=INT setpriv --pdeathsig INT /usr/bin/python3 -m pytest -q "${@:-tests/system}"
