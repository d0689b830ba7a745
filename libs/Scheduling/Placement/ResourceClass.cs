namespace Kilonova.Scheduling.Placement;

/// <summary>Names of placement's standard resource classes, and how their amounts are written for people.</summary>
public static class ResourceClass
{
    /// <summary>Virtual CPUs that share the host's CPUs.</summary>
    public const string Vcpu = "VCPU";

    /// <summary>Host CPUs that are pinned to one guest.</summary>
    public const string Pcpu = "PCPU";

    /// <summary>Memory, in MiB.</summary>
    public const string MemoryMb = "MEMORY_MB";

    /// <summary>Disk, in GiB.</summary>
    public const string DiskGb = "DISK_GB";

    /// <summary>Writes an amount with the unit of its class.</summary>
    /// <param name="resourceClass">Name of the class.</param>
    /// <param name="amount">Amount, in the unit of the class.</param>
    /// <returns>For instance <c>4096 MiB</c>.</returns>
    public static string Format(string resourceClass, long amount) => resourceClass switch
    {
        MemoryMb => $"{amount} MiB",
        DiskGb => $"{amount} GiB",
        _ => $"{amount}",
    };

    /// <summary>Order in which classes are fitted and explained: the standard three first, then by name.</summary>
    internal static int Compare(string left, string right)
    {
        var byRank = Rank(left).CompareTo(Rank(right));
        return byRank != 0 ? byRank : string.CompareOrdinal(left, right);
    }

    private static int Rank(string resourceClass) => resourceClass switch
    {
        Vcpu => 0,
        MemoryMb => 1,
        DiskGb => 2,
        _ => 3,
    };
}
