#!/usr/bin/env bash
# Makes an installation of PostgreSQL that checks its own assertions, from source, and prints its directory.
#
#   test/server/assert.sh [NAME [COMMAND ...]]          PG_MAJOR as for stage.sh; PG_SOURCE=DIR takes sources that are there
#
# "STAGE=$(test/server/assert.sh) test/check.sh" runs the tests on it. It takes ten minutes of one core, once: the
# distribution's server has no assertions, no valgrind requests, and no debug_discard_caches. With a NAME it makes a copy of
# it, whose server is run by that command.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
major=${PG_MAJOR:-15}
build=$(dirname "$("$here/stage.sh")")
stage=$build/assert$major
prefix=$stage/usr/lib/postgresql/$major
mkdir -p "$stage"
exec 8<"$stage"
flock 8
say() { printf '%s\n' "$*" >&2; }

finish() {  # [NAME [COMMAND ...]]
	local copy=$build/${1:-}$major bin
	[ $# -gt 0 ] || { printf '%s\n' "$stage"; exit; }
	shift
	[ "$copy/stamp" -nt "$stage/stamp" ] || { rm -rf "$copy" && cp -a "$stage" "$copy" && rm -rf "$copy/source" "$copy/obj" && touch "$copy/stamp"; }
	bin=$copy/usr/lib/postgresql/$major/bin
	[ -e "$bin/postgres.real" ] || mv "$bin/postgres" "$bin/postgres.real"
	# What makes a cluster, or asks for the version, is the server's business alone.
	printf '#!/usr/bin/env bash\ncase "$*" in *--boot*|*--single*|*-V*) exec "%s" "$@";; esac\nexec %s "%s" "$@"\n' \
		"$bin/postgres.real" "$*" "$bin/postgres.real" >"$bin/postgres"
	chmod 755 "$bin/postgres"
	printf '%s\n' "$copy"
	exit
}
[ ! -e "$stage/stamp" ] || finish "$@"

# --- sources: those of the distribution, whose lists of sources need not be set up -------------------
source=${PG_SOURCE:-$stage/source}
if [ ! -x "$source/configure" ]; then
	apt=$stage/apt
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$source"
	. /etc/os-release
	for archive in "debian $VERSION_CODENAME" "debian-security $VERSION_CODENAME-security"; do
		echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/${archive% *} ${archive#* } main"
	done >"$apt/sources.list"
	options=(-qq -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
	apt-get "${options[@]}" update >&2
	# The newest that can be had: the archive drops old ones, and its lists may be ahead of it or behind.
	got=
	for version in $(apt-cache "${options[@]}" showsrc "postgresql-$major" | sed -n 's/^Version: //p' | sort -rV | uniq); do
		(cd "$apt" && apt-get "${options[@]}" source --download-only "postgresql-$major=$version" >&2) && { got=$version; break; }
	done
	[ -n "$got" ] || { say "error: no source of PostgreSQL $major can be had"; say "hint: unpack one and set PG_SOURCE"; exit 1; }
	tar -C "$source" --strip-components 1 -xf "$apt/postgresql-${major}_${got%%-*}".orig.tar.*
fi

# --- the build ------------------------------------------------------------------------------------------
obj=$stage/server
mkdir -p "$obj"
say "building PostgreSQL $major with assertions: ten minutes"
(
	cd "$obj"
	icu=--without-icu
	! pkg-config --exists icu-uc icu-i18n 2>/dev/null || icu=--with-icu
	"$source/configure" -q --prefix="$prefix" --enable-cassert --enable-debug --without-readline --without-zlib $icu \
		CFLAGS='-O1 -g -fno-omit-frame-pointer' CPPFLAGS=-DUSE_VALGRIND
	unset MAKEFLAGS MFLAGS MAKELEVEL DATA
	make -s -j"${JOBS:-2}" -C src install MAKELEVEL=0
) >"$stage/server.log" 2>&1 || { tail -20 "$stage/server.log" >&2; exit 1; }
cp /usr/share/postgresql/"$major"/extension/pgtap* "$prefix/share/extension/"
cp "$source/src/tools/valgrind.supp" "$stage/"
chmod 755 "$stage"
rm -rf "$obj"
touch "$stage/stamp"
finish "$@"
