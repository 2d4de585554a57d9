#!/usr/bin/env bash
# make check-all: the whole suite on every major of PostgreSQL that Debian carries, each in a bare root of its own release.
#
#   make check-all                  15 on bookworm, 17 on trixie, 18 on forky, one after the other
#   make check-all MAJORS='17 19'   some of them; 19 is of experimental, as far as it is there
#
# A root is made by mmdebstrap (installed by name if it is missing), kept below the build folder, and copied for each run: "make check"
# then finds what a new machine has, next to nothing. It needs root. SHARED=… where the real data are, else beside the checkout.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" = 0 ] || { echo "error: a root file system is made by root" >&2; echo "hint: sudo make check-all" >&2; exit 1; }
if [ "${1:-}" != inside ]; then
	# What is mounted goes with this process, whatever becomes of it.
	exec unshare --mount --propagation private bash "$0" inside
fi
command -v mmdebstrap >/dev/null || { apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends mmdebstrap; } >&2
roots=${ROOTS:-$top/build/roots}
shared=${SHARED:-$top/../shared}
mkdir -p "$roots"

declare -A suites=([15]=bookworm [17]=trixie [18]=forky [19]=sid)
tree=$(git -C "$top" stash create)
status=0
for major in ${MAJORS:-15 17 18}; do
	suite=${suites[$major]:?there is no release of Debian with PostgreSQL $major}
	base=$roots/$suite root=$roots/check-$major
	if [ ! -e "$base/bin/sh" ]; then
		mmdebstrap --quiet --variant=minbase --mode=root --aptopt='Acquire::Check-Valid-Until "false"' --include=make "$suite" "$base.new"
		# experimental stands where unstable does, for this one source alone
		if [ "$major" = 19 ]; then
			sed -n 's/ sid / experimental /p' "$base.new/etc/apt/sources.list" >"$base.new/etc/apt/sources.list.d/experimental.list"
			printf 'Package: src:postgresql-19\nPin: release a=experimental\nPin-Priority: 600\n' >"$base.new/etc/apt/preferences.d/postgresql-19"
		fi
		mv "$base.new" "$base"
	fi
	rm -rf --one-file-system "$root"
	cp -a "$base" "$root"
	mkdir -p "$root/srv/pg_customer" "$root/srv/shared"
	git -C "$top" archive "${tree:-HEAD}" | tar x -C "$root/srv/pg_customer"
	mount --bind /dev "$root/dev"
	mount -t proc proc "$root/proc"
	mount -t tmpfs tmpfs "$root/dev/shm" 2>/dev/null || true
	[ ! -d "$shared/data" ] || mount --bind -o ro "$shared" "$root/srv/shared"
	echo "=== PostgreSQL $major on $suite"
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 LIMIT="${LIMIT:-}" PG_MAJOR="$major" make -s -C /srv/pg_customer check </dev/null || status=1
	umount -R "$root/srv/shared" "$root/proc" "$root/dev" 2>/dev/null || true
	[ $status = 1 ] || rm -rf --one-file-system "$root"
done
exit $status
