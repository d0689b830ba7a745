#!/bin/bash
# Installs what tests/hosts/run and tests/guest-image need and the machine does not have, and says what. Only packages without
# services: libvirtd is started by tests/hosts/run, never as a service of this machine (so not libvirt-daemon-system).
set -euo pipefail
needed=(
  qemu-system-x86           # the hypervisor, TCG or KVM
  qemu-utils                # qemu-img
  libvirt-daemon            # libvirtd, virtlogd
  libvirt-daemon-driver-qemu
  libvirt-clients           # virsh
  tini                      # reaps what libvirtd leaves behind
  iproute2 util-linux       # ip; nsenter, unshare, flock, prlimit
  libarchive-tools libxml2-utils  # bsdtar, xmllint: tests read config drives and domain XML with others' eyes
)
missing=()
for package in "${needed[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} = 0 ]; then
  echo "hosts: everything is installed"
  exit
fi
if [ "${1:-}" = --check ]; then
  echo "hosts: missing: ${missing[*]}"
  exit 1
fi
[ "$(id -u)" = 0 ] || { echo "hosts: run as root: apt-get install ${missing[*]}" >&2; exit 1; }
echo "hosts: installing ${missing[*]}"
wait_for_apt=(-o DPkg::Lock::Timeout=300)
[ -n "$(apt-cache madison libvirt-daemon)" ] || apt-get "${wait_for_apt[@]}" -qq update
DEBIAN_FRONTEND=noninteractive apt-get "${wait_for_apt[@]}" -qq install -y --no-install-recommends "${missing[@]}"
