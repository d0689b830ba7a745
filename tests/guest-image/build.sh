#!/bin/bash
# Builds the test guest: a small bootable disk, as raw and as qcow2, from Debian packages that are unpacked, never installed.
# Prints the paths of both images as its last two lines (raw=…, qcow2=…). A second run finds them in the cache.
#
# The disk is a plain PC disk: MBR, one active FAT partition, SYSLINUX, kernel, initramfs. FAT because mtools and syslinux
# write it into a file without mounts, loop devices or privileges.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${KILONOVA_CACHE:-$HOME/.cache/kilonova}/guest-image
kernel_flavour=linux-image-cloud-amd64

say() { echo "guest-image: $*" >&2; }
die() { say "$*"; exit 1; }

command -v qemu-img >/dev/null || die "qemu-img is missing (Debian package qemu-utils; tests/hosts/install.sh installs it)"
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9

if [ -z "$(apt-cache madison busybox-static)" ]; then
  [ "$(id -u)" = 0 ] || die "apt knows no packages: run apt-get update first"
  say "no package lists: apt-get update"
  apt-get update -qq >&2
fi
kernel=$(apt-cache depends "$kernel_flavour" | sed -n 's/^  Depends: \(linux-image-.*\)/\1/p')
[ -n "$kernel" ] || die "apt knows no $kernel_flavour"
packages=()
for name in "$kernel" busybox-static syslinux syslinux-common mtools; do
  version=$(apt-cache madison "$name" | awk -F' *[|] *' 'NR == 1 { print $2 }')
  [ -n "$version" ] || die "apt knows no $name"
  packages+=("$name=$version")
done

key=$( { printf '%s\n' "${packages[@]}"; cat "$here/build.sh" "$here"/guest/*; } | sha256sum | cut -c1-16)
out=$cache/$key
if [ ! -e "$out/guest.qcow2" ]; then
  work=$(mktemp -d "$cache/building.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  say "building in $out from ${packages[*]}"

  mkdir "$work/debs" "$work/root" "$work/out"
  # apt downloads as user _apt, who may not enter a private cache.
  (cd "$work/debs" && apt-get -q -o APT::Sandbox::User=root download "${packages[@]}" >&2)
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
  busybox=$work/root/bin/busybox
  PATH=$work/root/usr/bin:$PATH
  version=${kernel#linux-image-}
  "$busybox" depmod -b "$work/root" "$version"
  modules=$work/root/lib/modules/$version

  # The initramfs is the whole system. Uncompressed: reading 4 MB is cheaper under TCG than unpacking it.
  tree=$work/tree
  mkdir -p "$tree"/{bin,lib/modules,etc,dev,proc,sys,run,config,tmp}
  cp "$busybox" "$tree/bin/busybox"
  cp "$here/guest/init" "$tree/init"
  cp "$here/guest/bash" "$tree/bin/bash"
  cp "$here"/guest/{json.awk,network.awk,network,lease} "$tree/lib/"
  declare -A taken
  for list in first later; do
    while read -r name; do
      line=$(grep -E "(^|/)$name\.ko:" "$modules/modules.dep") || die "no module $name in $kernel"
      # modules.dep names what a module needs from the nearest to the deepest: load it backwards.
      for file in $(tr ' ' '\n' <<<"${line/:/}" | tac); do
        [ -z "${taken[$file]:-}" ] || continue
        taken[$file]=yes
        cp "$modules/$file" "$tree/lib/modules/"
        basename "$file" >>"$tree/lib/modules/$list"
      done
    done <"$here/guest/modules.$list"
  done
  (cd "$tree" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$work/initrd"

  disk=$work/out/guest.raw
  sectors=$((64 * 2048)) first=2048
  truncate -s $((sectors * 512)) "$disk"
  dd if="$work/root/usr/lib/syslinux/mbr/mbr.bin" of="$disk" conv=notrunc status=none
  # The partition entry at 446: active, CHS unused, type 06 (FAT16), first sector, length; little endian.
  le32() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
  printf "\\x80\\xfe\\xff\\xff\\x06\\xfe\\xff\\xff$(le32 $first)$(le32 $((sectors - first)))" |
    dd of="$disk" bs=1 seek=446 conv=notrunc status=none
  printf '\x55\xaa' | dd of="$disk" bs=1 seek=510 conv=notrunc status=none
  export MTOOLS_SKIP_CHECK=1
  partition="$disk@@$((first * 512))"
  mformat -i "$partition" -T $((sectors - first)) -h 255 -s 63 -H $first -c 8 ::
  syslinux --install --offset $((first * 512)) "$disk"
  mcopy -i "$partition" "$work/root/boot/vmlinuz-$version" ::vmlinuz
  mcopy -i "$partition" "$work/initrd" ::initrd
  mcopy -i "$partition" "$here/guest/syslinux.cfg" ::syslinux.cfg

  qemu-img convert -f raw -O qcow2 "$disk" "$work/out/guest.qcow2"
  printf '%s\n' "${packages[@]}" >"$work/out/packages"
  rm -rf "$out"
  mv "$work/out" "$out"
fi

ln -sfn "$out" "$cache/latest"
echo "raw=$out/guest.raw"
echo "qcow2=$out/guest.qcow2"
