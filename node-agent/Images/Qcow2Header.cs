using System.Buffers.Binary;
using System.Text;

namespace Kilonova.NodeAgent.Images;

/// <summary>
/// The header of a qcow2 file, read without QEMU: what a tenant's image may not contain is refused before any tool opens the file
/// (QEMU's docs/interop/qcow2.txt).
/// </summary>
internal static class Qcow2Header
{
    /// <summary>Bytes from the start of a file that are enough for <see cref="Check"/>.</summary>
    public const int Length = 4096;

    private const uint Magic = 0x514649fb;
    private const uint ExternalDataFileName = 0x44415441;
    private const uint FullDiskEncryption = 0x0537be77;
    private const ulong ExternalDataFile = 1 << 2;
    private const ulong Known = 0b11111;

    /// <summary>Whether a file begins as qcow2 does.</summary>
    public static bool IsQcow2(ReadOnlySpan<byte> head) => head.Length >= 4 && BinaryPrimitives.ReadUInt32BigEndian(head) == Magic;

    /// <summary>Says why the image is refused; null when nothing in its header speaks against it.</summary>
    public static string? Check(ReadOnlySpan<byte> head)
    {
        if (head.Length < 72)
            return "the qcow2 header is cut short";
        var version = BinaryPrimitives.ReadUInt32BigEndian(head[4..]);
        if (version is not (2 or 3))
            return $"qcow2 version {version} is not known";
        if (BinaryPrimitives.ReadUInt64BigEndian(head[8..]) != 0)
            return "it names a backing file";
        if (BinaryPrimitives.ReadUInt32BigEndian(head[32..]) != 0)
            return "it is encrypted";
        if (version == 2)
            return null;

        if (head.Length < 104)
            return "the qcow2 header is cut short";
        var features = BinaryPrimitives.ReadUInt64BigEndian(head[72..]);
        if ((features & ExternalDataFile) != 0)
            return "it keeps its data in another file";
        if ((features & ~Known) != 0)
            return $"it needs features that are not known (0x{features & ~Known:x})";
        return CheckExtensions(head, BinaryPrimitives.ReadUInt32BigEndian(head[100..]));
    }

    private static string? CheckExtensions(ReadOnlySpan<byte> head, uint offset)
    {
        if (offset < 104 || offset > head.Length)
            return $"its header has a length of {offset}";
        while (offset + 8 <= head.Length)
        {
            var type = BinaryPrimitives.ReadUInt32BigEndian(head[(int)offset..]);
            var length = BinaryPrimitives.ReadUInt32BigEndian(head[((int)offset + 4)..]);
            switch (type)
            {
                case 0:
                    return null;
                case ExternalDataFileName:
                    return "it names an external data file";
                case FullDiskEncryption:
                    return "it is encrypted";
            }

            if (length > head.Length)
                return $"a header extension (0x{type:x}) has a length of {length}";
            offset += 8 + ((length + 7) & ~7u);
        }

        return null;
    }

    /// <summary>Name of another disk format that a file begins with; null when it is none of those that QEMU would follow elsewhere or reinterpret.</summary>
    public static string? OtherFormat(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<(string Name, string Magic)> formats =
        [
            ("VMDK", "KDMV"), ("VMDK", "COWD"), ("VMDK descriptor", "# Disk DescriptorFile"), ("VHDX", "vhdxfile"), ("VHD", "conectix"),
            ("QED", "QED\0"), ("qcow", "QFI\xfb\0\0\0\x01"), ("LUKS", "LUKS\xba\xbe"), ("Parallels", "WithoutFreeSpace"), ("Parallels", "WithouFreSpacExt"),
        ];
        Span<byte> magic = stackalloc byte[32];
        foreach (var (name, text) in formats)
        {
            var length = Encoding.Latin1.GetBytes(text, magic);
            if (head.StartsWith(magic[..length]))
                return name;
        }

        return head.Length >= 0x44 && BinaryPrimitives.ReadUInt32LittleEndian(head[0x40..]) == 0xbeda107f ? "VDI" : null;
    }
}
