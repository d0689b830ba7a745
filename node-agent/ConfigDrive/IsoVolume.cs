using System.Buffers.Binary;
using System.Text;

namespace Kilonova.NodeAgent.ConfigDrive;

/// <summary>
/// Writes a small read-only volume: ISO 9660 with Rock Ridge names (Linux, BSD) and a Joliet tree (Windows). Equal contents give equal bytes, and equal files share
/// their blocks. Standards: ECMA-119, SUSP 1.12 and RRIP 1.12, Joliet 1995.
/// </summary>
internal static class IsoVolume
{
    private const int Sector = 2048;
    private const int FirstDescriptor = 16;

    /// <summary>A directory of one of the two trees, with the block at which it lies.</summary>
    private sealed class Folder(string name, Folder? parent)
    {
        public string Name { get; } = name;

        public Folder Parent => parent ?? this;

        public bool IsRoot => parent is null;

        public SortedDictionary<string, Folder> Folders { get; } = new(StringComparer.Ordinal);

        public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

        public int Number { get; set; }

        public uint Block { get; set; }

        public int Bytes { get; set; }
    }

    /// <summary>Makes a volume.</summary>
    /// <param name="label">Volume label, at most 16 characters.</param>
    /// <param name="files">Its files. Directories come from their paths.</param>
    /// <param name="time">Time that every entry bears.</param>
    public static byte[] Create(string label, IEnumerable<IsoFile> files, DateTimeOffset time)
    {
        var root = Tree(files);
        var folders = BreadthFirst(root);
        var primary = new TreeWriter(folders, joliet: false, time);
        var joliet = new TreeWriter(folders, joliet: true, time);

        // Blocks, in order: descriptors, path tables, directories of both trees, files.
        var next = (uint)FirstDescriptor + 3;
        primary.PlacePathTables(ref next);
        joliet.PlacePathTables(ref next);
        var blocks = new Dictionary<string, uint>(StringComparer.Ordinal);
        var contents = new List<(uint Block, byte[] Content)>();
        var primaryPlaces = primary.PlaceFolders(ref next);
        var jolietPlaces = joliet.PlaceFolders(ref next);
        foreach (var content in folders.SelectMany(folder => folder.Files.Values))
        {
            if (!blocks.TryAdd(Key(content), next))
                continue;
            contents.Add((next, content));
            next += Blocks(content.Length);
        }

        var volume = new byte[next * Sector];
        uint BlockOf(byte[] content) => blocks[Key(content)];
        primary.Write(volume, primaryPlaces, BlockOf);
        joliet.Write(volume, jolietPlaces, BlockOf);
        primary.WriteDescriptor(volume.AsSpan(FirstDescriptor * Sector), label, next);
        joliet.WriteDescriptor(volume.AsSpan((FirstDescriptor + 1) * Sector), label, next);
        volume[(FirstDescriptor + 2) * Sector] = 255;
        "CD001\u0001"u8.CopyTo(volume.AsSpan(((FirstDescriptor + 2) * Sector) + 1));
        foreach (var (block, content) in contents)
            content.CopyTo(volume.AsSpan((int)block * Sector));
        return volume;
    }

    private static string Key(byte[] content) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(content));

    private static uint Blocks(int bytes) => (uint)((bytes + Sector - 1) / Sector);

    private static Folder Tree(IEnumerable<IsoFile> files)
    {
        var root = new Folder("", null);
        foreach (var file in files)
        {
            var parts = file.Path.Split('/');
            var folder = root;
            foreach (var part in parts[..^1])
            {
                if (!folder.Folders.TryGetValue(part, out var inner))
                    folder.Folders[part] = inner = new Folder(part, folder);
                folder = inner;
            }

            folder.Files.Add(parts[^1], file.Content);
        }

        return root;
    }

    private static List<Folder> BreadthFirst(Folder root)
    {
        var all = new List<Folder> { root };
        for (var i = 0; i < all.Count; i++)
        {
            all[i].Number = i + 1;
            all.AddRange(all[i].Folders.Values);
        }

        return all;
    }

    /// <summary>One of the two directory trees.</summary>
    private sealed class TreeWriter(List<Folder> folders, bool joliet, DateTimeOffset time)
    {
        private readonly Dictionary<(Folder, string), byte[]> names = Names(folders, joliet);
        private uint littleTable;
        private uint bigTable;
        private int tableBytes;

        public void PlacePathTables(ref uint next)
        {
            tableBytes = PathTable([], big: false).Length;
            littleTable = next;
            bigTable = next + Blocks(tableBytes);
            next = bigTable + Blocks(tableBytes);
        }

        public Dictionary<Folder, (uint Block, int Bytes)> PlaceFolders(ref uint next)
        {
            var places = new Dictionary<Folder, (uint Block, int Bytes)>();
            foreach (var folder in folders)
            {
                var bytes = Entries(folder, [], _ => 0).Length;
                places[folder] = (next, bytes);
                next += Blocks(bytes);
            }

            rootPlace = places[folders[0]];
            return places;
        }

        private (uint Block, int Bytes) rootPlace;

        public void Write(byte[] volume, Dictionary<Folder, (uint Block, int Bytes)> places, Func<byte[], uint> blockOf)
        {
            PathTable(places, big: false).CopyTo(volume.AsSpan((int)littleTable * Sector));
            PathTable(places, big: true).CopyTo(volume.AsSpan((int)bigTable * Sector));
            foreach (var folder in folders)
                Entries(folder, places, blockOf).CopyTo(volume.AsSpan((int)places[folder].Block * Sector));
        }

        public void WriteDescriptor(Span<byte> at, string label, uint blocks)
        {
            at[0] = (byte)(joliet ? 2 : 1);
            "CD001\u0001"u8.CopyTo(at[1..]);
            Text(at.Slice(8, 32), "");
            Text(at.Slice(40, 32), label);
            Both32(at[80..], blocks);
            if (joliet)
                "%/E"u8.CopyTo(at[88..]); // UCS-2 level 3
            Both16(at[120..], 1);
            Both16(at[124..], 1);
            Both16(at[128..], Sector);
            Both32(at[132..], (uint)tableBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(at[140..], littleTable);
            BinaryPrimitives.WriteUInt32BigEndian(at[148..], bigTable);
            Entry([0], rootPlace.Block, rootPlace.Bytes, isFolder: true, []).CopyTo(at[156..]);
            foreach (var (offset, length) in ((int, int)[])[(190, 128), (318, 128), (446, 128), (574, 128), (702, 37), (739, 37), (776, 37)])
                Text(at.Slice(offset, length), "");
            var stamp = Encoding.ASCII.GetBytes(time.UtcDateTime.ToString("yyyyMMddHHmmss'00'", System.Globalization.CultureInfo.InvariantCulture));
            stamp.CopyTo(at[813..]);
            stamp.CopyTo(at[830..]);
            "0000000000000000"u8.CopyTo(at[847..]);
            "0000000000000000"u8.CopyTo(at[864..]);
            at[881] = 1;
        }

        private byte[] PathTable(Dictionary<Folder, (uint Block, int Bytes)> places, bool big)
        {
            var table = new MemoryStream();
            Span<byte> number = stackalloc byte[6];
            foreach (var folder in folders)
            {
                var name = folder.IsRoot ? [0] : names[(folder.Parent, folder.Name)];
                var block = places.GetValueOrDefault(folder).Block;
                if (big)
                {
                    BinaryPrimitives.WriteUInt32BigEndian(number, block);
                    BinaryPrimitives.WriteUInt16BigEndian(number[4..], (ushort)folder.Parent.Number);
                }
                else
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(number, block);
                    BinaryPrimitives.WriteUInt16LittleEndian(number[4..], (ushort)folder.Parent.Number);
                }

                table.WriteByte((byte)name.Length);
                table.WriteByte(0);
                table.Write(number);
                table.Write(name);
                if (name.Length % 2 != 0)
                    table.WriteByte(0);
            }

            return table.ToArray();
        }

        // Whole sectors: an entry never crosses the border between two.
        private byte[] Entries(Folder folder, Dictionary<Folder, (uint Block, int Bytes)> places, Func<byte[], uint> blockOf)
        {
            var self = places.GetValueOrDefault(folder);
            var parent = places.GetValueOrDefault(folder.Parent);
            var links = 2 + folder.Folders.Count;
            var entries = new List<byte[]>
            {
                Entry([0], self.Block, self.Bytes, isFolder: true, joliet ? [] : [.. folder.IsRoot ? SharingProtocol : [], .. Attributes(true, links), .. folder.IsRoot ? ExtensionReference : []]),
                Entry([1], parent.Block, parent.Bytes, isFolder: true, joliet ? [] : Attributes(true, 2 + folder.Parent.Folders.Count)),
            };
            var inner = folder.Folders.Values.Select(child => (Name: names[(folder, child.Name)], child.Name, Folder: (Folder?)child, Content: Array.Empty<byte>()))
                .Concat(folder.Files.Select(file => (Name: names[(folder, file.Key)], Item2: file.Key, Folder: (Folder?)null, Content: file.Value)))
                .OrderBy(item => item.Name, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
            foreach (var (name, original, child, content) in inner)
            {
                byte[] use = joliet ? [] : [.. Attributes(child is not null, child is null ? 1 : 2 + child.Folders.Count), .. AlternateName(original)];
                var place = child is null ? (Block: content.Length == 0 ? 0 : blockOf(content), Bytes: content.Length) : places.GetValueOrDefault(child);
                entries.Add(Entry(name, place.Block, place.Bytes, child is not null, use));
            }

            var sectors = new MemoryStream();
            foreach (var entry in entries)
            {
                if ((sectors.Length % Sector) + entry.Length > Sector)
                    sectors.SetLength((sectors.Length + Sector - 1) / Sector * Sector);
                sectors.Position = sectors.Length;
                sectors.Write(entry);
            }

            sectors.SetLength((sectors.Length + Sector - 1) / Sector * Sector);
            return sectors.ToArray();
        }

        private byte[] Entry(byte[] name, uint block, int bytes, bool isFolder, byte[] systemUse)
        {
            var useAt = 33 + name.Length + ((name.Length + 1) % 2);
            var entry = new byte[(useAt + systemUse.Length + 1) / 2 * 2];
            entry[0] = (byte)entry.Length;
            Both32(entry.AsSpan(2), block);
            Both32(entry.AsSpan(10), (uint)bytes);
            ShortTime(entry.AsSpan(18));
            entry[25] = (byte)(isFolder ? 2 : 0);
            Both16(entry.AsSpan(28), 1);
            entry[32] = (byte)name.Length;
            name.CopyTo(entry, 33);
            systemUse.CopyTo(entry, useAt);
            return entry;
        }

        private void ShortTime(Span<byte> at)
        {
            var utc = time.UtcDateTime;
            ReadOnlySpan<byte> stamp = [(byte)(utc.Year - 1900), (byte)utc.Month, (byte)utc.Day, (byte)utc.Hour, (byte)utc.Minute, (byte)utc.Second, 0];
            stamp.CopyTo(at);
        }

        private void Text(Span<byte> at, string text)
        {
            if (joliet)
            {
                for (var i = 0; i + 1 < at.Length; i += 2)
                    BinaryPrimitives.WriteUInt16BigEndian(at[i..], i / 2 < text.Length ? text[i / 2] : ' ');
            }
            else
            {
                at.Fill((byte)' ');
                Encoding.ASCII.GetBytes(text, at);
            }
        }

        private static byte[] SharingProtocol => [(byte)'S', (byte)'P', 7, 1, 0xbe, 0xef, 0];

        // RRIP announces itself by its identifier in an ER entry of the root's first record.
        private static byte[] ExtensionReference => [(byte)'E', (byte)'R', 18, 1, 10, 0, 0, 1, .. "RRIP_1991A"u8];

        private static byte[] Attributes(bool isFolder, int links)
        {
            var entry = new byte[36];
            entry[0] = (byte)'P';
            entry[1] = (byte)'X';
            entry[2] = 36;
            entry[3] = 1;
            Both32(entry.AsSpan(4), isFolder ? 0x416du : 0x8124u); // r-xr-xr-x and r--r--r--
            Both32(entry.AsSpan(12), (uint)links);
            return entry;
        }

        private static byte[] AlternateName(string name) => [(byte)'N', (byte)'M', (byte)(5 + name.Length), 1, 0, .. Encoding.ASCII.GetBytes(name)];
    }

    // Short names of the primary tree only have to be unique and legal: who reads that tree without Rock Ridge finds them by their beginning.
    private static Dictionary<(Folder, string), byte[]> Names(List<Folder> folders, bool joliet)
    {
        var names = new Dictionary<(Folder, string), byte[]>();
        foreach (var folder in folders)
        {
            var taken = new HashSet<string>(StringComparer.Ordinal);
            foreach (var name in folder.Folders.Keys)
                names[(folder, name)] = joliet ? Encoding.BigEndianUnicode.GetBytes(name) : Encoding.ASCII.GetBytes(ShortName(name, isFolder: true, taken));
            foreach (var name in folder.Files.Keys)
                names[(folder, name)] = joliet ? Encoding.BigEndianUnicode.GetBytes(name + ";1") : Encoding.ASCII.GetBytes(ShortName(name, isFolder: false, taken));
        }

        return names;
    }

    private static string ShortName(string name, bool isFolder, HashSet<string> taken)
    {
        static string Legal(string text, int length) => new([.. text.ToUpperInvariant().Select(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) ? c : '_').Take(length)]);
        var dot = isFolder ? -1 : name.LastIndexOf('.');
        var stem = Legal(dot < 0 ? name : name[..dot], 8);
        var extension = dot < 0 ? "" : Legal(name[(dot + 1)..], 3);
        for (var i = 0; ; i++)
        {
            var numbered = i == 0 ? stem : $"{stem[..Math.Min(stem.Length, 7)]}{i}";
            var candidate = isFolder ? numbered : $"{numbered}.{extension};1";
            if (taken.Add(candidate))
                return candidate;
        }
    }

    private static void Both16(Span<byte> at, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(at, value);
        BinaryPrimitives.WriteUInt16BigEndian(at[2..], value);
    }

    private static void Both32(Span<byte> at, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(at, value);
        BinaryPrimitives.WriteUInt32BigEndian(at[4..], value);
    }
}
