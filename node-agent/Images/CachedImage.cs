using System.Text.Json.Serialization;
using Kilonova.Crds;

namespace Kilonova.NodeAgent.Images;

/// <summary>An image in the cache. It is complete, was checked, and never changes.</summary>
internal sealed record CachedImage
{
    /// <summary>SHA-256 of the file, <c>sha256:…</c>.</summary>
    public required string Digest { get; init; }

    /// <summary>Format that was detected.</summary>
    public required DiskFormat Format { get; init; }

    /// <summary>Size of the disk that a guest sees.</summary>
    public required long VirtualBytes { get; init; }

    /// <summary>Length of the file.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Where the file is.</summary>
    [JsonIgnore]
    public string Path { get; init; } = "";
}

/// <summary>Which image in the cache a source led to, and how to find out whether it still does.</summary>
internal sealed record ImageReference
{
    /// <summary>SHA-256 of the file.</summary>
    public required string Digest { get; init; }

    /// <summary>Entity tag of an HTTP source.</summary>
    public string? ETag { get; init; }

    /// <summary>Time of last change of the source.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>Length of the source, in bytes.</summary>
    public long? Length { get; init; }
}

/// <summary>How far a download is.</summary>
/// <param name="Bytes">Bytes so far.</param>
/// <param name="Total">Bytes in all, when the source says so.</param>
internal readonly record struct DownloadProgress(long Bytes, long? Total);
