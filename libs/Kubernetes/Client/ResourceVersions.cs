namespace Kilonova.Kubernetes.Client;

/// <summary>
/// Order of resource versions of one kind in one cluster: they are integers of any length (comparable since Kubernetes
/// 1.35, and in practice always). What is not one is not comparable.
/// </summary>
public static class ResourceVersions
{
    /// <summary>Negative, zero or positive as <paramref name="a"/> is older, equal or newer; null when they cannot be compared.</summary>
    public static int? Compare(string? a, string? b)
    {
        if (!IsComparable(a) || !IsComparable(b))
            return null;
        return a!.Length != b!.Length ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b);
    }

    private static bool IsComparable(string? version) => version is { Length: > 0 } && version[0] is >= '1' and <= '9' && !version.AsSpan().ContainsAnyExceptInRange('0', '9');
}
