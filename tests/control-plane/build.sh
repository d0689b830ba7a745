#!/usr/bin/env bash
# Builds the local control plane and prints, as its only line on stdout, the folder that holds
# `apiserver`, `etcd` and `kubectl`. Nothing is installed: the packages of packages.txt are unpacked
# below the cache folder and thrown away after the build.
#
#   KILONOVA_CACHE           where results are kept (default ~/.cache/kilonova)
#   KILONOVA_DEBIAN_MIRROR   mirror that carries Debian sid (default: the one this machine uses)
#   KEEP=1                   keep the unpacked packages and the compiler's cache (a rebuild then takes seconds)
#
# Exit codes: 0 built or already there, 75 the packages cannot be had here, anything else: the build failed.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${KILONOVA_CACHE:-$HOME/.cache/kilonova}/control-plane
keep=${KEEP:-}
go_version=1.27
kubernetes_version=1.36.4
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "control plane: $*" >&2; }
unavailable() { say "$*"; rm -rf "$packages.partial"; exit 75; }
lap() { local now; now=$(date +%s%N); say "$1 ($(((now - ${lap_start:-now}) / 1000000)) ms)"; lap_start=$now; }

digest() { sha256sum | cut -c1-16; }
packages_key=$( (cat "$source_dir/packages.txt"; uname -m) | digest)
key=$( (cd "$source_dir" && cat packages.txt build.sh ./*.go; uname -m) | digest)
result=$cache/$key
packages=$cache/packages-$packages_key

# The mirror and proxies of this machine, but none of its package state.
write_apt_configuration() { # DIR
  local dir=$1 mirror=${KILONOVA_DEBIAN_MIRROR:-}
  if [ -z "$mirror" ]; then
    mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs: *//p' | grep -m1 '/debian/\?$' || true)
  fi
  if [ -z "$mirror" ]; then
    mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\).*/\2/p' /etc/apt/sources.list 2>/dev/null | grep -m1 '/debian/\?$' || true)
  fi
  mkdir -p "$dir"/{lists,archives}/partial "$dir"/{state,none}
  echo "deb [signed-by=$keyring] ${mirror:-http://deb.debian.org/debian} sid main" >"$dir/sources.list"
  : >"$dir/status"
  apt-config dump | grep -E '^Acquire::[a-z]+::Proxy' >"$dir/apt.conf" || true
  # Check-Valid-Until: a mirror that is a frozen snapshot has an expired Release file.
  cat >>"$dir/apt.conf" <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$dir/none";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "$dir/none";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$dir/none";
Dir::State "$dir/state";
Dir::State::Lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::CNF::DefaultEnabled "false";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
CONF
}

fetch_packages() {
  local partial=$packages.partial names
  mapfile -t names < <(cut -d' ' -f1 "$source_dir/packages.txt")
  mkdir -p "$partial"/{debs,root}
  write_apt_configuration "$partial/apt"
  export APT_CONFIG=$partial/apt/apt.conf
  apt-get -qq update >&2 || unavailable "Debian sid cannot be reached: $(cat "$partial/apt/sources.list")"
  lap "read the package index"
  (cd "$partial/debs" && apt-get -qq download "${names[@]}" >&2) || unavailable "Debian sid lacks some of the ${#names[@]} packages"
  unset APT_CONFIG
  lap "downloaded ${#names[@]} packages, $(du -sm "$partial/debs" | cut -f1) MB"
  local deb
  for deb in "$partial"/debs/*.deb; do
    # shellcheck disable=SC2016 # dpkg's own variables
    dpkg-deb --show --showformat '${Package} ${Version}\n' "$deb" >>"$partial/versions"
    dpkg -x "$deb" "$partial/root"
  done
  rm -rf "$partial/debs" "$partial/apt"
  diff <(sort "$source_dir/packages.txt") <(sort "$partial/versions") >&2 ||
    say "the versions above differ from those this was written for (<), the build may fail"
  mv "$partial" "$packages"
  lap "unpacked, $(du -sm "$packages" | cut -f1) MB"
}

build() {
  local root=$packages/root work out
  work=$(mktemp -d "$cache/build-XXXXXX")
  out=$work/$key
  mkdir -p "$out" "$work/src/kilonova/controlplane/openapi"
  cp "$source_dir"/*.go "$work/src/kilonova/controlplane/"
  export GOROOT=$root/usr/lib/go-$go_version GOPATH=$work:$root/usr/share/gocode GOCACHE=$packages/gocache
  export GO111MODULE=off GOTOOLCHAIN=local GOENV=off GOFLAGS='' CGO_ENABLED=0
  export PATH=$GOROOT/bin:$root/usr/bin:$PATH

  cd "$work/src/kilonova/controlplane"
  : >"$work/header"
  # The schemas of the built-in types; apimachinery must be among the inputs, or their references dangle.
  openapi-gen --go-header-file "$work/header" -r "$work/violations" \
    --output-dir "$PWD/openapi" --output-pkg kilonova/controlplane/openapi --output-file generated.go \
    k8s.io/apimachinery/pkg/{apis/meta/v1,runtime,version,api/resource,util/intstr} \
    k8s.io/api/{admissionregistration,apps,authentication,authorization,batch,certificates,coordination,core,discovery,events,networking,policy,rbac,scheduling,storage}/v1 >&2
  lap "generated the OpenAPI definitions"

  local v=k8s.io/component-base/version
  go build -trimpath -buildvcs=false -o "$out/apiserver" -ldflags \
    "-s -w -X $v.gitVersion=v$kubernetes_version -X $v.gitMajor=${kubernetes_version%%.*} -X $v.gitMinor=$(cut -d. -f2 <<<$kubernetes_version)" . >&2
  lap "compiled the API server, $(du -sm "$out/apiserver" | cut -f1) MB"

  cp "$root/usr/bin/etcd" "$root/usr/bin/kubectl" "$packages/versions" "$out/"
  "$out/etcd" --version >/dev/null && "$out/kubectl" version --client >/dev/null
  mv "$out" "$result"
  cd "$cache"
  rm -rf "$work"
}

finish() { touch "$result"; echo "$result"; exit 0; }

# A function, and so read as a whole: this may run for minutes while the file is edited or pulled.
main() {
  [ ! -x "$result/apiserver" ] || finish
  local tool
  for tool in apt-get dpkg flock; do
    command -v $tool >/dev/null || unavailable "$tool is missing; the control plane is built from Debian packages"
  done
  [ -r $keyring ] || unavailable "$keyring is missing (package debian-archive-keyring)"

  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock -n 9 || { say "waiting for another build"; flock 9; }
  [ ! -x "$result/apiserver" ] || finish
  rm -rf "$cache"/*.partial "$cache"/build-* # of builds that were interrupted
  lap_start=$(date +%s%N)
  [ -d "$packages" ] || fetch_packages
  build
  if [ -z "$keep" ]; then
    rm -rf "$cache"/packages-*
    find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +14 -exec rm -rf {} + # results of older sources
  fi
  say "ready after $SECONDS s: $result, $(du -sm "$result" | cut -f1) MB"
  finish
}

main
