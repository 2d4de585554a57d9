#!/usr/bin/env bash
# Is this tree fit for a release? Prints TAP, a line for each check; the exit status says whether all are right.
#
#   make release-check           every check, HEAD packed, unpacked, built, installed and removed included
#   test/release.sh tree         those of the tree alone, against the server of the environment: a part of "make check"
set -uo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
export LC_ALL=C.UTF-8
unset MAKEFLAGS MFLAGS MAKELEVEL DATA
if [ $# = 0 ]; then
	stage=$(test/server/build.sh) || exit 1
	export stage
	exec test/server/run.sh "$stage" "$top/test/release.sh" everything
fi

version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" pg_customer.control)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 failed=0
check() {  # NAME FUNCTION: right when the function says nothing
	local problems
	problems=$("$2" 2>&1)
	n=$((n + 1))
	if [ -z "$problems" ]; then echo "ok $n - $1"; return; fi
	failed=$((failed + 1))
	echo "not ok $n - $1"
	sed 's/^/#   /' <<<"$problems"
}
# The files of the release; an unpacked one has no repository to ask.
files() { git ls-files -z 2>/dev/null || find . -type f -not -path './build/*' -print0; }

versions() {
	{
		sed -n 's/^ *"version": "\(.*\)",$/META.json \1/p' META.json
		sed -n '/^## /{s/^## \(Unreleased (\)\?\([^ )]*\).*/CHANGELOG.md \2/p;q}' CHANGELOG.md
		sed -n '1s/.*(\(.*\)-[^-]*).*/packaging\/debian\/changelog \1/p' packaging/debian/changelog
		sed -n 's/.*image\.version="\(.*\)".*/packaging\/Dockerfile \1/p' packaging/Dockerfile
		grep -oE 'pg[_-]customer[-_]{1,2}[0-9]+\.[0-9]+\.[0-9]+' README.md docs/*.md packaging/Dockerfile | sed -E 's/:.*[-_]/ /'
	} | awk -v version="$version" '
		{ seen[$1]++ }
		$2 != version { print $1 ": version " $2 ", but " version " in pg_customer.control" }
		END {
			split("META.json META.json CHANGELOG.md packaging/debian/changelog packaging/Dockerfile docs/install.md", places)
			for (i in places) if (seen[places[i]]-- < 1) print places[i] ": no version"
		}'
}
changelog() {
	local heading
	heading=$(grep -m 1 '^## ' CHANGELOG.md)
	if [ "$heading" = "## Unreleased ($version)" ]; then
		head -1 packaging/debian/changelog | grep -q ' UNRELEASED;' || echo 'packaging/debian/changelog: released, but unreleased in CHANGELOG.md'
	elif grep -qxE "## $version - 20[0-9]{2}-[01][0-9]-[0-3][0-9]" <<<"$heading"; then
		head -1 packaging/debian/changelog | grep -q ' UNRELEASED;' && echo 'packaging/debian/changelog: UNRELEASED, but released in CHANGELOG.md'
	else
		echo "CHANGELOG.md: its first heading is \"$heading\", neither \"## Unreleased ($version)\" nor \"## $version - YYYY-MM-DD\""
	fi
}
meta() { perl test/meta.pl "$@"; }
debian_control() {
	local majors
	majors=$(sed -n 's/^Package: postgresql-\([0-9]*\)-pg-customer$/\1/p' packaging/debian/control)
	[ "$(wc -w <<<"$majors")" = 1 ] || echo "packaging/debian/control: is for $majors; for one major, and pg_buildext writes the others"
	sed "s/PGVERSION/$majors/" packaging/debian/control.in | diff - packaging/debian/control
}
links() {
	local page link
	for page in docs/*.md; do
		grep -qF "]($page)" README.md || grep -lF "](${page#docs/})" docs/*.md | grep -qvE "^($page|docs/reference.md)$" || echo "README.md: no link to $page, nor on a page"
	done
	for page in README.md CHANGELOG.md docs/*.md; do
		grep -oE '\]\([^)# ]+[)#]' "$page" | sed 's/^..\(.*\).$/\1/' | grep -v '//' | sort -u | while read -r link; do
			[ -e "$(dirname "$page")/$link" ] || echo "$page: there is no $link"
		done
	done
}
reference() { "$top/test/reference.sh" >"$work/reference.md" && diff docs/reference.md "$work/reference.md" || echo 'run: make reference'; }
leftovers() { files | xargs -0 grep -nwE 'TO''DO|FIX''ME|XX''X'; }
sizes() { files | xargs -0 du -b | awk '$1 > 400000 && $2 !~ /upgrade\/pg_customer--/ { print $2 ": " $1 " bytes" }'; }

clean() { git status --porcelain; }
# HEAD as users get it: packed, unpacked, built without warnings, installed to a folder and removed from it.
distribution() {
	local make=(make -s -C "$work/pg_customer-$version" "PG_CONFIG=$(echo "$stage"/usr/lib/postgresql/*/bin/pg_config)" with_llvm=no)
	command -v unzip >/dev/null || { echo 'unzip is missing: apt-get install unzip'; return; }
	make -s dist && (cd "$work" && unzip -q "$top/build/pg_customer-$version.zip") || return
	meta "$work/pg_customer-$version"
	"${make[@]}" COPT=-Werror -j2
	"${make[@]}" install DESTDIR="$work/made"
	find "$work/made" -type f -printf '%f\n' | grep -vxF -f <(ls upgrade) | sort | diff - <(printf '%s\n' "pg_customer--$version.sql" pg_customer.control pg_customer.so)
	"${make[@]}" uninstall DESTDIR="$work/made"
	find "$work/made" -type f
}

check 'one version everywhere' versions
check 'the changelog says what this version is' changelog
check 'META.json is right' meta
check 'debian/control is made of control.in' debian_control
check 'every page is linked, and no link is dead' links
check 'docs/reference.md is what the catalog says' reference
check 'nothing is left to do' leftovers
check 'no file is too large' sizes
if [ "$1" = everything ]; then
	check 'the tree is clean' clean
	check 'the distribution builds, installs and can be removed' distribution
fi
echo "1..$n"
[ "$failed" = 0 ]
