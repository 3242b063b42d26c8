#!/bin/bash
# A registry that wants a password, at $REGISTRY on the bridge; the nodes may pull from it, by plain http.
#   registry.sh start PROGRAM          also writes host, user and password to the Secret kube-system/ringrun-registry, a pull secret
#   registry.sh push ARCHIVE.tar...    what is in these archives, under its name with this registry in place of its own
set -eu
HERE=$(cd "$(dirname "$0")" && pwd); . "$HERE/lib.sh"; . "$STATE/env"
R=$STATE/registry
case $1 in
start)
  mkdir -p "$R/data"; (umask 077; openssl rand -hex 16 > "$R/password")
  "$2" --htpasswd ringrun "$(cat "$R/password")" > "$R/htpasswd"
  cat > "$R/config.yaml" <<E2
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $R/data}}
auth: {htpasswd: {realm: ringrun, path: $R/htpasswd}}
http: {addr: "$REGISTRY", secret: $(openssl rand -hex 16)}
E2
  printf '%q ' "$2" "$R/config.yaml" > "$STATE/run/registry.cmd"; "$HERE/cp.sh" start registry
  for _ in $(seq 100); do [ "$(curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/")" != 401 ] || break; sleep 0.1; done
  "$KUBECTL" --kubeconfig "$STATE/admin.kubeconfig" -n kube-system create secret docker-registry ringrun-registry \
    --docker-server "$REGISTRY" --docker-username ringrun --docker-password "$(cat "$R/password")" >/dev/null
  log "registry at $REGISTRY";;
push)   # an image of its own: a kubelet that pulled it with a secret wants that secret of every pod with the same image, by any name
  shift
  for f in "$@"; do
    name=$(python3 "$HERE/relabel.py" "$f" "$R/push.tar" "$REGISTRY") || die "read $f"
    c() { ctr -a "$STATE/node1/run/containerd.sock" -n push "$@"; }
    c images import --no-unpack "$R/push.tar" >/dev/null && c images push --plain-http -u "ringrun:$(cat "$R/password")" "$name" >/dev/null && c images rm "$name" >/dev/null || die "push $name"
    rm "$R/push.tar"; log "pushed $name"
  done;;
*) die "registry.sh start|push";;
esac
