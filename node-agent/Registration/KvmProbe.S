# Firmware of the guest that finds out whether KVM runs guests. It does what every 64-bit kernel does first: protected mode, paging, long mode, an
# interrupt and the way back, SSE registers, a change of page tables. Then it writes a K to the serial port. The ROM lies at F0000h.
        .set base, 0xf0000
        .section .text
        .code16
start:  cli
        cld
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     $0x1000, %di            # page tables: 1000h, 2000h, 3000h; IDT: 4000h
        xor     %eax, %eax
        mov     $0x1000, %cx
        rep stosl
        movl    $0x2003, 0x1000
        movl    $0x3003, 0x2000
        movl    $0x83, 0x3000           # the first 2 MiB, where they are
        movw    $(trap - start), 0x4030 # interrupt 3
        movw    $8, 0x4032              # selector
        movw    $0x8e00, 0x4034         # present interrupt gate
        movw    $(base >> 16), 0x4036
        lgdtl   %cs:(gdtr - start)
        mov     %cr4, %eax
        or      $0x620, %eax            # PAE, OSFXSR, OSXMMEXCPT
        mov     %eax, %cr4
        mov     $0x1000, %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx
        rdmsr
        or      $0x100, %eax            # EFER.LME
        wrmsr
        mov     %cr0, %eax
        and     $0xfffffffb, %eax       # EM off
        or      $0x80000003, %eax       # PG, MP, PE
        mov     %eax, %cr0
        ljmpl   $8, $(base + long - start)

        .code64
long:   mov     $0x10, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $0x8000, %rsp
        lidt    idtr(%rip)
        xor     %ebx, %ebx
        int3                            # there and back
        movd    %ebx, %xmm0             # through an SSE register
        movd    %xmm0, %eax
        movl    %eax, 0x5000
        movl    $0x83, 0x3008           # the same 2 MiB once more, at 200000h
        mov     %cr3, %rax
        mov     %rax, %cr3
        mov     0x205000, %eax
        mov     $0x3f8, %dx
        out     %al, %dx
halt:   hlt
        jmp     halt

trap:   mov     $'K', %bl
        iretq

        .balign 8
gdt:    .quad   0
        .quad   0x00af9b000000ffff      # code, 64 bits, accessed: the ROM takes no writes
        .quad   0x00cf93000000ffff      # data
gdtr:   .word   23
        .long   base + gdt - start
idtr:   .word   63
        .quad   0x4000

        .org    0xfff0
        .code16
        ljmp    $0xf000, $0
        .org    0x10000
