#!/usr/bin/env bash
# Builds the Debian packages of HEAD, one for each major of PostgreSQL that this system supports, into build/deb.
#
#   packaging/deb.sh [OPTION OF dpkg-buildpackage ...]          DEB_BUILD_OPTIONS=nocheck leaves the tests out
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$top/pg_customer.control")
name=pg-customer-$version
work=$top/build/deb

command -v pg_buildext >/dev/null && command -v dh >/dev/null || {
	echo 'error: the tools that build packages are missing' >&2
	echo 'hint: run as root: apt-get install --no-install-recommends build-essential debhelper postgresql-all postgresql-server-dev-all' >&2
	exit 1
}
rm -rf "$work"
mkdir -p "$work"
git -C "$top" archive --format=tar.gz --prefix="$name/" -o "$work/${name/-$version/_$version}.orig.tar.gz" HEAD
tar -xzf "$work"/*.orig.tar.gz -C "$work"
cd "$work/$name"
cp -r packaging/debian debian
pg_buildext updatecontrol
dpkg-buildpackage -us -uc "$@"
ls -l "$work"/*.deb
