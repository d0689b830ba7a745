# The boot program of the guest's disk: master boot record, loader and entry into the kernel, 8 sectors in all.
#
# Under TCG half of a boot with SYSLINUX and a compressed kernel is decompression, and the memory for it is more than the guest
# has. So the kernel lies on the disk as it is to lie in memory (at 16 MiB, where it was linked to run), this program reads it
# there, runs the kernel's own real-mode setup (Documentation/x86/boot.rst), which finds memory and hands over in protected
# mode, and enters the kernel where its decompressor would, in long mode.
#
# build.sh gives the symbols: {SETUP,KERNEL,INITRD}_{LBA,SECTORS}, KERNEL, INITRD (addresses), DISK_SECTORS.

        .set    ORG, 0x7c00             # where the BIOS puts sector 0
        .set    BUFFER, 0x10000         # what the BIOS reads into, below 1 MiB
        .set    PAGES, 0x70000          # three pages for the tables of the first GiB
        .set    SETUP, 0x90000
        .set    CHUNK, 128              # sectors at a time: a cluster of a qcow2 file, so that none is decompressed twice

        .macro  at name, label          # the address of a label; no linker is used
        .set    \name, \label - start + ORG
        .endm

        .code16
start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $ORG, %sp
        sti
        cld
        ljmp    $0, $REST
rest:
        movb    %dl, DRIVE
        movb    $0x42, %ah              # sectors 1 to 7 behind this one
        movw    $PACKET, %si
        int     $0x13
        jc      failed
        ljmp    $0, $LOAD

failed:
        movw    $MESSAGE, %si
1:      lodsb
        testb   %al, %al
        jz      2f
        movb    $0x0e, %ah
        movw    $7, %bx
        int     $0x10
        jmp     1b
2:      hlt
        jmp     2b

message:
        .asciz  "The disk cannot be read.\r\n"
drive:  .byte   0
        .balign 4
packet: .byte   16, 0
count:  .word   7
offset: .word   ORG + 512, 0
lba:    .quad   1

        # One partition over all that is used, so that the disk is what partition tools expect: not active, type DA (no file
        # system). The BIOS starts sector 0 for its signature alone.
        .org    446
        .byte   0x00, 0xfe, 0xff, 0xff, 0xda, 0xfe, 0xff, 0xff
        .long   SETUP_LBA, DISK_SECTORS - SETUP_LBA
        .org    510
        .byte   0x55, 0xaa

        .org    1024                    # sector 1 is the guest's: it counts its boots there
load:
        movw    $EXTENTS, %bx
extent:
        movl    (%bx), %eax             # on disk
        movl    4(%bx), %ecx            # sectors
        movl    8(%bx), %edi            # in memory
chunk:
        testl   %ecx, %ecx
        jz      loaded
        movl    %ecx, %edx
        cmpl    $CHUNK, %edx
        jbe     1f
        movl    $CHUNK, %edx
1:      movw    %dx, COUNT
        movl    $(BUFFER << 12), OFFSET # segment:offset
        movl    %eax, LBA
        pushal
        movb    $0x42, %ah
        movb    DRIVE, %dl
        movw    $PACKET, %si
        int     $0x13
        popal
        jc      failed
        addl    %edx, %eax
        subl    %edx, %ecx
        pushl   %eax
        pushl   %ecx
        movl    %edx, %ecx
        shll    $7, %ecx
        movl    $BUFFER, %esi
        # Above 1 MiB only protected mode reaches; A20 is open, SeaBIOS sees to it. CS keeps its real-mode segment.
        cli
        lgdt    TABLE32
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        movw    $0x18, %dx
        movw    %dx, %ds
        movw    %dx, %es
        addr32 rep movsl
        andb    $0xfe, %al
        movl    %eax, %cr0
        xorw    %dx, %dx
        movw    %dx, %ds
        movw    %dx, %es
        sti
        popl    %ecx
        popl    %eax
        jmp     chunk
loaded:
        addw    $12, %bx
        cmpw    $EXTENTS_END, %bx
        jb      extent
        cli
        movw    $(SETUP >> 4), %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %fs
        movw    %ax, %gs
        movw    %ax, %ss
        movw    $0xe000, %sp
        ljmp    $((SETUP >> 4) + 0x20), $0

        .balign 4
extents:
        .long   SETUP_LBA, SETUP_SECTORS, SETUP
        .long   KERNEL_LBA, KERNEL_SECTORS, KERNEL
        .long   INITRD_LBA, INITRD_SECTORS, INITRD
extents_end:

        # The setup's code32_start points here: flat segments, %esi = boot_params, no paging.
        .org    0x800
        .code32
enter32:
        movl    $PAGES, %edi            # the first GiB onto itself, in pages of 2 MiB
        movl    $(3 * 1024), %ecx
        xorl    %eax, %eax
        rep stosl
        movl    $(PAGES + 0x1003), PAGES
        movl    $(PAGES + 0x2003), PAGES + 0x1000
        movl    $(PAGES + 0x2000), %edi
        movl    $0x83, %eax
        movl    $512, %ecx
1:      movl    %eax, (%edi)
        addl    $0x200000, %eax
        addl    $8, %edi
        loop    1b
        lgdt    TABLE64
        movl    %cr4, %eax
        orl     $0x20, %eax             # PAE
        movl    %eax, %cr4
        movl    $PAGES, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx       # EFER: long mode
        rdmsr
        btsl    $8, %eax
        wrmsr
        movl    $0x80000001, %eax       # paging, protection
        movl    %eax, %cr0
        ljmp    $0x10, $ENTER64
        .code64
enter64:
        movl    $0x18, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs
        movl    %esi, %esi
        movl    $KERNEL, %eax
        jmp     *%rax

        .balign 8
segments32:
        .quad   0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
segments64:
        .quad   0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
table32: .word  31
        .long   SEGMENTS32
table64: .word  31
        .long   SEGMENTS64

        .org    0xa00                   # two sectors for the kernel's command line
command_line:
        .incbin "command-line"
        .byte   0

        .org    8 * 512

        at      REST, rest
        at      DRIVE, drive
        at      PACKET, packet
        at      COUNT, count
        at      OFFSET, offset
        at      LBA, lba
        at      MESSAGE, message
        at      LOAD, load
        at      EXTENTS, extents
        at      EXTENTS_END, extents_end
        at      SEGMENTS32, segments32
        at      SEGMENTS64, segments64
        at      TABLE32, table32
        at      TABLE64, table64
        at      ENTER64, enter64
