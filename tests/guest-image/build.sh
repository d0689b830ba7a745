#!/bin/bash
# Builds the test guest: a small bootable disk, as raw and as qcow2, from Debian packages that are unpacked, never installed.
# Prints the paths of both images as its last two lines (raw=…, qcow2=…). A second run finds them in the cache.
#
# The disk is a plain PC disk that boots by BIOS with the program of boot.S. No file system on it, so no mounts, no loop devices,
# no privileges: it is put together with dd.
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
for name in "$kernel" busybox-static binutils-x86-64-linux-gnu libbinutils lz4; do
  version=$(apt-cache madison "$name" | awk -F' *[|] *' 'NR == 1 { print $2 }')
  [ -n "$version" ] || die "apt knows no $name"
  packages+=("$name=$version")
done

key=$( { printf '%s\n' "${packages[@]}"; cat "$here/build.sh" "$here/boot.S" "$here"/guest/*; } | sha256sum | cut -c1-16)
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
  mkdir -p "$tree"/{bin,etc,dev,proc,sys,run,config,tmp,lib/modules/"$version"}
  cp "$busybox" "$tree/bin/busybox"
  for name in $("$busybox" --list); do [ "$name" = busybox ] || ln -s busybox "$tree/bin/$name"; done
  cp "$here/guest/init" "$tree/init"
  cp "$here/guest/bash" "$tree/bin/bash"
  cp "$here"/guest/{json.awk,network.awk,network,lease} "$tree/lib/"
  # Modules: those that init names and what they need.
  names=$(sed -n 's/.*modprobe -a \([-a-z_ ]*\).*/\1/p' "$here/guest/init")
  [ -n "$names" ] || die "init loads no modules"
  for name in $names; do
    line=$(grep -E "(^|/)$name\.ko:" "$modules/modules.dep") || die "no module $name in $kernel"
    for file in ${line/:/}; do cp "$modules/$file" "$tree/lib/modules/$version/"; done
  done
  "$busybox" depmod -b "$tree" "$version"
  (cd "$tree" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$work/initrd"

  # The kernel out of its bzImage (Documentation/x86/boot.rst): real-mode setup, then a compressed ELF file, then 4 bytes of size.
  image=$work/root/boot/vmlinuz-$version
  field() { od -An -t "u$2" -j $(($1)) -N "$2" "$image" | tr -d ' '; } # offset, bytes
  setup_sectors=$(($(field 0x1f1 1) + 1))
  payload=$((setup_sectors * 512 + $(field 0x248 4)))
  head -c $((payload + $(field 0x24c 4) - 4)) "$image" | tail -c +$((payload + 1)) >"$work/payload"
  [ "$(od -An -t x4 -N 4 "$work/payload")" = " 184c2102" ] || die "$kernel is not compressed with lz4"
  lz4 -dcq "$work/payload" >"$work/vmlinux"
  tool() { # the assembler & co. with the libraries beside them
    local name=$1
    shift
    LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu "$work/root/usr/bin/x86_64-linux-gnu-$name" "$@"
  }
  # As it lies in memory, without what only memory encryption uses. It ends with .bss and .brk, which are not stored.
  as_in_memory=(-O binary -R .notes -R .init.scratch)
  tool objcopy "${as_in_memory[@]}" "$work/vmlinux" "$work/kernel"
  tool objcopy "${as_in_memory[@]}" --set-section-flags .bss=alloc,load,contents --set-section-flags .brk=alloc,load,contents \
    "$work/vmlinux" "$work/kernel-and-bss"

  mebibyte=$((1 << 20))
  kernel_address=$((16 * mebibyte))
  initrd_address=$((kernel_address + ($(stat -c %s "$work/kernel-and-bss") + 4095) / 4096 * 4096))
  sectors_of() { echo $((($(stat -c %s "$1") + 511) / 512)); }
  kernel_sectors=$(sectors_of "$work/kernel")
  initrd_sectors=$(sectors_of "$work/initrd")
  [ $((initrd_address + initrd_sectors * 512)) -lt $((64 * mebibyte - 256 * 1024)) ] || die "too large for 64 MiB of memory"
  setup_lba=2048 # each at the start of a qcow2 cluster of 64 KiB
  kernel_lba=$((setup_lba + 128))
  initrd_lba=$((kernel_lba + (kernel_sectors + 127) / 128 * 128))
  disk_sectors=$((64 * 2048))
  (cd "$here/guest" && tool as -o "$work/boot.o" "$here/boot.S" \
    --defsym SETUP_LBA=$setup_lba --defsym SETUP_SECTORS="$setup_sectors" \
    --defsym KERNEL_LBA=$kernel_lba --defsym KERNEL_SECTORS="$kernel_sectors" --defsym KERNEL=$kernel_address \
    --defsym INITRD_LBA=$initrd_lba --defsym INITRD_SECTORS="$initrd_sectors" --defsym INITRD=$initrd_address \
    --defsym DISK_SECTORS=$disk_sectors)
  tool objcopy -O binary -j .text "$work/boot.o" "$work/boot"

  # What a boot loader tells the setup.
  le() { local value=$(($2)) i; for ((i = 0; i < $1; i++)); do printf "\\x$(printf %02x $((value >> 8 * i & 255)))"; done; } # bytes, value
  head -c $((setup_sectors * 512)) "$image" >"$work/setup"
  tell() { le "$2" "$3" | dd of="$work/setup" bs=1 seek=$(($1)) conv=notrunc status=none; } # offset, bytes, value
  tell 0x1fa 2 0xffff                       # vid_mode: normal
  tell 0x210 1 0xff                         # type_of_loader: none of the known
  tell 0x211 1 $(($(field 0x211 1) | 0x80)) # loadflags: CAN_USE_HEAP
  tell 0x214 4 $((0x7c00 + 0x800))          # code32_start: enter32 of boot.S
  tell 0x218 4 "$initrd_address"            # ramdisk_image
  tell 0x21c 4 $((initrd_sectors * 512))    # ramdisk_size
  tell 0x224 2 $((0xe000 - 0x200))          # heap_end_ptr
  tell 0x228 4 $((0x7c00 + 0xa00))          # cmd_line_ptr: command_line of boot.S

  disk=$work/out/guest.raw
  truncate -s $((disk_sectors * 512)) "$disk"
  put() { dd if="$1" of="$disk" bs=512 seek="$2" conv=notrunc,sparse status=none; } # file, sector
  put "$work/boot" 0
  put "$work/setup" $setup_lba
  put "$work/kernel" $kernel_lba
  put "$work/initrd" $initrd_lba
  # zstd: read at every boot where the image is a backing file, and several times as fast as zlib.
  qemu-img convert -c -o compression_type=zstd -f raw -O qcow2 "$disk" "$work/out/guest.qcow2"
  printf '%s\n' "${packages[@]}" >"$work/out/packages"
  rm -rf "$out"
  mv "$work/out" "$out"
fi

echo "raw=$out/guest.raw"
echo "qcow2=$out/guest.qcow2"
