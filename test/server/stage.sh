#!/usr/bin/env bash
# Makes a private PostgreSQL installation under the build folder and prints its directory.
#
#   test/server/stage.sh          PG_MAJOR=17 picks a major, else the newest that can be had; STAGE=… takes one that is there
#
# PostgreSQL finds its libraries and its share directory relative to its own binary. So a copy of the
# binaries, beside links to everything else, is an installation of its own: extensions are installed
# into it and the system's installation is never touched, neither by root nor by an ordinary user.
# What is missing is installed by name (root, or sudo); who may not install gets the command to run.
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "$0")/../.." && pwd)
say() { printf '%s\n' "$*" >&2; }
[ -z "${STAGE:-}" ] || { printf '%s\n' "$STAGE"; exit; }
die() { printf 'error: %s\n' "$1" >&2; [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2; exit 1; }

majors='19 18 17 16 15'
case " $majors " in
	*" ${PG_MAJOR:-15} "*) majors=${PG_MAJOR:-$majors} ;;
	*) die "PG_MAJOR is $PG_MAJOR" "pg_customer is for PostgreSQL $majors" ;;
esac

# --- which packages are missing -------------------------------------------------------------------
have_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }
installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }
candidate() { apt-cache policy "$1" 2>/dev/null | awk '/^  Candidate: [^(]/ { found = 1 } END { exit !found }'; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"
	elif [ -t 0 ]; then sudo "$@"
	else sudo -n "$@"
	fi
}
can_install() { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }

installed_major() {
	local m
	for m in $majors; do [ ! -x "/usr/lib/postgresql/$m/bin/postgres" ] || { printf '%s' "$m"; return; }; done
}
offered_major() {
	local m
	for m in $majors; do candidate "postgresql-$m" && { printf '%s' "$m"; return; }; done
	return 0
}

updated=
apt_update() {
	[ -z "$updated" ] || return 0
	updated=1
	can_install || return 0
	say "reading the package lists"
	as_root apt-get -qq update >&2 || true
}

# The package of the server makes a cluster "main" and starts it. Nobody asked for one: while the package
# is installed, its own switch for that is off.
install_packages() {
	local log status=0
	log=$(mktemp)
	as_root env DEBIAN_FRONTEND=noninteractive sh -e -c '
		get="apt-get -qq -y install --no-install-recommends -o Dpkg::Use-Pty=0"
		conf=/etc/postgresql-common/createcluster.conf
		[ -e $conf ] || $get postgresql-common
		[ -e $conf.kept ] || cp -p $conf $conf.kept
		trap "mv $conf.kept $conf" EXIT
		trap "exit 1" INT TERM HUP
		echo "create_main_cluster = false" >> $conf
		$get "$@"' install_packages "$@" >"$log" 2>&1 || { status=$?; grep -E '^(E|W|Err|dpkg): ?' "$log" >&2 || true; }
	rm -f "$log"
	return $status
}

major=$(installed_major)
if [ -z "$major" ]; then
	have_apt || die "no PostgreSQL 15 or newer was found" \
		"install PostgreSQL with its server headers and pgTAP, then: make && make install && make installcheck pgtapcheck PG_CONFIG=/path/to/pg_config"
	major=$(offered_major)
	[ -n "$major" ] || { apt_update; major=$(offered_major); }
	[ -n "$major" ] || compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || die "the package lists of this system are empty" \
		"run as root: apt-get update && apt-get install --no-install-recommends gcc make libc6-dev libpq-dev postgresql 'postgresql-*-pgtap' perl gzip"
	[ -n "$major" ] || die "this system offers no PostgreSQL ${PG_MAJOR:-15 or newer}" \
		"add the repository of the PostgreSQL project: apt-get install postgresql-common && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh"
fi

want=(gcc make libc6-dev libpq-dev "postgresql-$major" "postgresql-client-$major" "postgresql-$major-pgtap" perl gzip)
if have_apt; then
	missing=()
	for p in "${want[@]}"; do installed "$p" || missing+=("$p"); done
	if [ ${#missing[@]} -gt 0 ]; then
		command="apt-get install --no-install-recommends ${missing[*]}"
		can_install || die "missing packages: ${missing[*]}" "run as root: $command"
		{ candidate "postgresql-$major" && candidate "postgresql-$major-pgtap"; } || apt_update
		# A major that is new may have no pgTAP yet.
		candidate "postgresql-$major-pgtap" || mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sed "/^postgresql-$major-pgtap$/d")
		[ ${#missing[@]} = 0 ] || say "installing ${missing[*]}"
		[ ${#missing[@]} = 0 ] || install_packages "${missing[@]}" || { updated=; apt_update; install_packages "${missing[@]}"; } ||
			die "the packages could not be installed" "run as root: apt-get update && $command"
	fi
fi

# --- where the build may live ---------------------------------------------------------------------
# initdb and the server refuse root, so root lends the server to an unprivileged user, who must be able
# to reach the folder: a checkout below /root cannot hold it.
build=${BUILD_DIR:-$top/build}
mkdir -p "$build" 2>/dev/null || die "$build cannot be made" "set BUILD_DIR to a directory of yours"
if [ "$(id -u)" = 0 ]; then
	user=nobody; id postgres >/dev/null 2>&1 && user=postgres
	if ! runuser -u $user -- test -x "$build" 2>/dev/null; then
		build=/tmp/pg_customer-build-root
		mkdir -p "$build"
	fi
fi
[ -O "$build" ] && [ ! -L "$build" ] || die "$build belongs to somebody else" "set BUILD_DIR to a directory of yours"
stage=$build/pg$major
bin=usr/lib/postgresql/$major/bin
mkdir -p "$stage"
exec 8<"$stage"
flock 8

# --- the server's headers and PGXS ----------------------------------------------------------------
# The Debian package of them depends on all of LLVM (400 MB), which nothing here needs: when it is not
# installed, its files are unpacked into the build folder.
fetch_headers() {
	local version
	version=$(dpkg-query -W -f '${Version}' "postgresql-$major")
	( cd "$fetch"
	  apt-get -qq -o APT::Sandbox::User=root download "postgresql-server-dev-$major=$version" ||
	  apt-get -qq -o APT::Sandbox::User=root download "postgresql-server-dev-$major" ) >&2
}

dev=
headers=usr/include/postgresql/$major
if [ ! -e "/$headers/server/postgres.h" ]; then
	dev=$stage/dev
	if [ ! -e "$dev/$headers/server/postgres.h" ]; then
		have_apt || die "the server headers of PostgreSQL $major are missing" "install them and set PG_CONFIG"
		say "fetching the headers of postgresql-server-dev-$major"
		fetch=$(mktemp -d)
		chmod 755 "$fetch"
		trap 'rm -rf "$fetch"' EXIT
		fetch_headers || { apt_update; fetch_headers; } || die "the headers could not be fetched" \
			"run as root: apt-get install --no-install-recommends postgresql-server-dev-$major"
		mkdir -p "$dev"
		dpkg -x "$fetch"/*.deb "$dev"
	fi
fi

# --- the private installation ---------------------------------------------------------------------
# Made anew when the system's server is another one than that it was made from.
stamp="$major $(stat -c '%Y %s' "/usr/lib/postgresql/$major/bin/postgres")"
if [ "$(cat "$stage/stamp" 2>/dev/null)" != "$stamp" ]; then
	rm -rf "$stage/usr" "$stage/stamp" "$stage/obj"
	lib=usr/lib/postgresql/$major/lib share=usr/share/postgresql/$major
	mkdir -p "$stage/$bin" "$stage/$lib" "$stage/$share/extension" "$stage/usr/include/postgresql"
	cp "/$bin"/* "$stage/$bin/"
	ln -s /$lib/* "$stage/$lib/"
	for f in /$share/*; do [ "${f##*/}" = extension ] || ln -s "$f" "$stage/$share/"; done
	ln -s /$share/extension/* "$stage/$share/extension/"
	if [ ! -e "/$share/extension/pgtap.control" ] && have_apt; then
		# It is SQL alone: that of another major does.
		say "taking pgTAP of another major"
		other=$(mktemp -d)
		chmod 755 "$other"
		(cd "$other" && for m in 18 17; do apt-get -qq -o APT::Sandbox::User=root download "postgresql-$m-pgtap" >&2 && break; done)
		dpkg -x "$other"/*.deb "$other"
		cp "$other"/usr/share/postgresql/*/extension/* "$stage/$share/extension/"
		rm -rf "$other"
	fi
	[ ! -e "$dev/$lib/pgxs" ] || ln -sfn "$dev/$lib/pgxs" "$stage/$lib/pgxs"
	for f in /usr/include/postgresql/* ${dev:+"$dev"/usr/include/postgresql/*}; do
		[ "${f##*/}" = "$major" ] || ln -sf "$f" "$stage/usr/include/postgresql/"
	done
	ln -s "$dev/$headers" "$stage/$headers"
	# libpq and friends stay where the system has them
	for d in /usr/lib/*-linux-gnu*; do [ -d "$d" ] && ln -sfn "$d" "$stage/usr/lib/${d##*/}"; done
	# an installed pg_customer must not be mistaken for this one
	rm -f "$stage/$lib/pg_customer.so" "$stage/$share/extension/pg_customer"*
	rm -rf "$stage/$lib/bitcode"
	printf '%s' "$stamp" > "$stage/stamp"
fi
printf '%s\n' "$stage"
