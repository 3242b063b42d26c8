#!/bin/bash
# Makes what the cluster needs and this machine lacks; what is there already costs nothing.
#   ensure.sh packages       installs the Debian packages that are missing (root)
#   ensure.sh programs       builds Kubernetes, etcd and helm from Go modules once, prints their folder
#   ensure.sh registry       builds a registry with a password once, prints the program
#   ensure.sh base           debootstraps the base image once, prints the name it has in buildah
# Everything lies in $RINGRUN_CLUSTER_CACHE, outside the tree, under a name that changes with its recipe.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
CACHE=${RINGRUN_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringrun-cluster}
PACKAGES="containerd runc containernetworking-plugins iptables nftables conntrack iproute2 openssl curl procps util-linux gcc libc6-dev buildah debootstrap"
say() { echo "cluster: $*" >&2; }
die() { say "$*"; exit 1; }
build() { # FOLDER_WITH_build.sh OUT_FOLDER: once, with the build cache that all share
  command -v go >/dev/null || die "Go 1.26 is needed to build the cluster's programs, and there is no go in PATH"
  GOCACHE=${GOCACHE:-$CACHE/go-build} GOFLAGS="${GOFLAGS:-} -p=${BUILD_JOBS:-2}" \
    nice -n 19 "$1/build.sh" "$2" > "$CACHE/build.log" 2>&1 9>&- || { tail -5 "$CACHE/build.log" >&2; die "the build failed, see $CACHE/build.log"; }
  touch "$2/complete"
}
key() { cat "$@" | sha256sum | cut -c1-12; }
mkdir -p "$CACHE"; exec 9> "$CACHE/lock"; flock 9   # two at once would build everything twice

case ${1:-} in
packages)
  missing=()
  for p in $PACKAGES; do dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing+=("$p"); done
  [ ${#missing[@]} = 0 ] && exit 0
  command -v apt-get >/dev/null || die "install these Debian packages, or what they are called here: ${missing[*]}"
  say "installing ${missing[*]}"
  # containerd's own service is not wanted: every node of the cluster runs one itself
  [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; trap 'rm -f /usr/sbin/policy-rc.d' EXIT; }
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" < /dev/null > "$CACHE/apt.log" 2>&1 || { tail -5 "$CACHE/apt.log" >&2; die "apt-get failed, see $CACHE/apt.log"; }
  ;;
programs)
  bin=$CACHE/programs-$(key "$HERE"/tools/*)
  if [ ! -e "$bin/complete" ]; then
    say "building Kubernetes, etcd and helm from Go modules, once (7 to 20 minutes; log: $CACHE/build.log)"
    build "$HERE/tools" "$bin"
  fi
  echo "$bin";;
registry)   # a program of its own: a change of it must not build Kubernetes anew
  bin=$CACHE/registry-$(key "$HERE"/registry/*)
  if [ ! -e "$bin/complete" ]; then
    say "building a registry from Go modules, once (2 minutes; log: $CACHE/build.log)"
    build "$HERE/registry" "$bin"
  fi
  echo "$bin/registry";;
base)
  name=localhost/ringrun-base:$(key "$0")
  if ! buildah inspect --type image "$name" >/dev/null 2>&1; then
    say "making the base image by debootstrap, once (a minute)"
    work=$(mktemp -d "$CACHE/base.XXXXXX"); trap 'rm -rf "$work"' EXIT
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$work/rootfs" > "$CACHE/debootstrap.log" 2>&1 9>&- \
      || { tail -5 "$CACHE/debootstrap.log" >&2; die "debootstrap failed, see $CACHE/debootstrap.log"; }
    # a machine behind a proxy with a certificate of its own trusts it here too, or no build step reaches an index
    cat "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" >> "$work/rootfs/etc/ssl/certs/ca-certificates.crt"
    rm -rf "$work"/rootfs/var/cache/apt/* "$work"/rootfs/var/lib/apt/lists/* "$work"/rootfs/usr/share/{doc,man,locale}/* "$work"/rootfs/dev/*
    tar -C "$work/rootfs" --numeric-owner -cf "$work/base.tar" .
    printf 'FROM scratch\nADD base.tar /\n' > "$work/Dockerfile"
    buildah bud --quiet --isolation chroot -t "$name" -f "$work/Dockerfile" "$work" > "$CACHE/base.log" 2>&1 9>&- || { tail -5 "$CACHE/base.log" >&2; die "the base image failed"; }
  fi
  echo "$name";;
*) die "ensure.sh packages|programs|registry|base";;
esac
