namespace Kilonova.NodeAgent.State;

/// <summary>
/// Everything that the agent keeps on its host, under one directory: <c>hostID</c>, <c>records/</c>, <c>tombstones/</c>, <c>images/</c>,
/// <c>instances/&lt;id&gt;/</c>.
/// </summary>
internal sealed class StateDirectory
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // QEMU runs as another user: it passes through these directories to its own files, and sees no names.
    private const UnixFileMode Passable = OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly string root;

    /// <summary>Opens the directory, creating what is missing.</summary>
    public StateDirectory(string root)
    {
        this.root = Path.GetFullPath(root);
        Create(this.root, Passable);
        Create(Records, OwnerOnly);
        Create(Tombstones, OwnerOnly);
        Create(Images, Passable);
        Create(Instances, Passable);
        DurableFile.SyncDirectory(this.root);
        HostID = ReadOrCreateHostID();
    }

    /// <summary>Identity of the host: a UUID made once, when the directory was new.</summary>
    public string HostID { get; }

    /// <summary>The agent's own records, one file per instance.</summary>
    public string Records => Path.Combine(root, "records");

    /// <summary>What was removed here, one file per instance.</summary>
    public string Tombstones => Path.Combine(root, "tombstones");

    /// <summary>The image cache.</summary>
    public string Images => Path.Combine(root, "images");

    /// <summary>Directories of the guests.</summary>
    public string Instances => Path.Combine(root, "instances");

    /// <summary>A small file of the agent's own.</summary>
    public string FileOf(string name) => Path.Combine(root, name);

    /// <summary>Files of one guest.</summary>
    /// <exception cref="ArgumentException">The ID is not one that could be the name of a directory.</exception>
    public InstanceFiles FilesOf(string instanceID) => new(Path.Combine(Instances, SafeName(instanceID)));

    /// <summary>Instance IDs that have a directory.</summary>
    public IEnumerable<string> InstanceDirectories() => Directory.EnumerateDirectories(Instances).Select(path => Path.GetFileName(path)!);

    /// <summary>Whether a string is an instance ID: a UUID in its usual form. Anything else never reaches a path, a command line or libvirt.</summary>
    public static bool IsInstanceID(string text) => Guid.TryParseExact(text, "D", out _) && !text.Any(char.IsAsciiLetterUpper);

    internal static string SafeName(string instanceID) => IsInstanceID(instanceID)
        ? instanceID
        : throw new ArgumentException($"'{instanceID}' is not an instance ID.", nameof(instanceID));

    private static void Create(string path, UnixFileMode mode) => Directory.CreateDirectory(path, mode);

    private string ReadOrCreateHostID()
    {
        var path = FileOf("hostID");
        if (File.Exists(path))
        {
            var text = File.ReadAllText(path).Trim();
            return Guid.TryParseExact(text, "D", out _)
                ? text
                : throw new InvalidDataException($"{path} holds '{text}', which is not a UUID. Restore it from the host's ResourceProvider (spec.hostID).");
        }

        var created = Guid.NewGuid().ToString("D");
        DurableFile.Write(path, System.Text.Encoding.ASCII.GetBytes(created + "\n"));
        return created;
    }
}

/// <summary>Files of one guest.</summary>
/// <param name="Directory">Its directory.</param>
internal sealed record InstanceFiles(string Directory)
{
    /// <summary>Root disk.</summary>
    public string RootDisk => Path.Combine(Directory, "disk");

    /// <summary>Config drive.</summary>
    public string ConfigDrive => Path.Combine(Directory, "config.iso");

    /// <summary>Log of the serial console.</summary>
    public string ConsoleLog => Path.Combine(Directory, "console.log");

    /// <summary>Random bytes that the guest is given, the same each time.</summary>
    public string RandomSeed => Path.Combine(Directory, "random-seed");
}
