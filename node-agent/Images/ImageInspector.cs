using System.Text.Json;
using System.Text.Json.Serialization;
using Kilonova.Crds;
using Kilonova.NodeAgent.State;

namespace Kilonova.NodeAgent.Images;

/// <summary>Finds out what a fetched file is, from its content, and refuses what reaches outside itself.</summary>
internal static class ImageInspector
{
    private static readonly TimeSpan InfoLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CheckLimit = TimeSpan.FromMinutes(5);

    /// <summary>What an image is.</summary>
    /// <param name="Format">Detected format.</param>
    /// <param name="VirtualBytes">Size of the disk that a guest sees.</param>
    public sealed record Finding(DiskFormat Format, long VirtualBytes);

    /// <summary>Inspects a file.</summary>
    /// <exception cref="BuildFailure">The image is hostile, damaged, or not of the declared format.</exception>
    public static async Task<Finding> InspectAsync(string path, DiskFormat declared, CancellationToken cancel)
    {
        var head = await ReadHeadAsync(path, cancel);
        if (head.Length == 0)
            throw Refused("ImageEmpty", "The image is empty.");
        if (Qcow2Header.OtherFormat(head) is { } other)
            throw Refused("ImageFormatRefused", $"The image is {other}, which is neither qcow2 nor raw.");

        var detected = Qcow2Header.IsQcow2(head) ? DiskFormat.Qcow2 : DiskFormat.Raw;
        if (detected != declared)
            throw Refused("ImageFormatMismatch", $"The image is declared {Name(declared)} and its content is {Name(detected)}. Correct the Image's diskFormat.");
        if (detected == DiskFormat.Raw)
            return new Finding(detected, new FileInfo(path).Length);

        if (Qcow2Header.Check(head) is { } reason)
            throw Refused("ImageHostile", $"The image is refused: {reason}.");
        return new Finding(detected, await AskQemuAsync(path, cancel));
    }

    // The header was read by ourselves; QEMU's own view must agree, and every cluster must lie within the file.
    private static async Task<long> AskQemuAsync(string path, CancellationToken cancel)
    {
        var info = await RunAsync(["info", "-U", "--output=json", "-f", "qcow2", path], InfoLimit, cancel);
        if (info.ExitCode != 0)
            throw Refused("ImageDamaged", $"qemu-img cannot read the image: {WithoutPath(info.Error, path)}");
        var parsed = JsonSerializer.Deserialize(info.Output, AgentJsonContext.Default.QemuImageInfo)
            ?? throw Refused("ImageDamaged", "qemu-img says nothing of the image.");
        if (parsed.Format != "qcow2" || parsed.BackingFilename is not null || parsed.FullBackingFilename is not null || parsed.FormatSpecific?.Data?.DataFile is not null || parsed.Encrypted == true)
            throw Refused("ImageHostile", "The image is refused: qemu-img finds a reference to another file, or encryption.");

        var check = await RunAsync(["check", "-q", "-U", "-f", "qcow2", path], CheckLimit, cancel);
        // 3: leaked clusters, harmless. 2: clusters that are not where they should be, for instance beyond the end of a file cut short.
        return check.ExitCode is 0 or 3
            ? parsed.VirtualSize
            : throw Refused("ImageDamaged", $"The image is damaged or cut short (qemu-img check: {check.ExitCode}, {FirstLine(WithoutPath(check.Error, path))}).");
    }

    private static async Task<BoundedProcess.Outcome> RunAsync(string[] arguments, TimeSpan limit, CancellationToken cancel)
    {
        try
        {
            return await BoundedProcess.RunAsync("qemu-img", arguments, limit, cancel);
        }
        catch (Exception error) when (error is TimeoutException or InvalidDataException)
        {
            throw Refused("ImageHostile", $"The image is refused: {error.Message}");
        }
    }

    private static async Task<byte[]> ReadHeadAsync(string path, CancellationToken cancel)
    {
        await using var file = File.OpenRead(path);
        var head = new byte[Qcow2Header.Length];
        var length = await file.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancel);
        return head[..length];
    }

    private static BuildFailure Refused(string reason, string message) => new(InstanceStep.Image, reason, message, elsewhere: false);

    private static string Name(DiskFormat format) => format == DiskFormat.Qcow2 ? "qcow2" : "raw";

    private static string WithoutPath(string text, string path) => text.Replace(path, "image", StringComparison.Ordinal);

    private static string FirstLine(string text) => text.Split('\n', 2)[0];
}

/// <summary>What <c>qemu-img info --output=json</c> prints, as far as it is read.</summary>
internal sealed record QemuImageInfo
{
    public string? Format { get; init; }

    [JsonPropertyName("virtual-size")]
    public long VirtualSize { get; init; }

    [JsonPropertyName("backing-filename")]
    public string? BackingFilename { get; init; }

    [JsonPropertyName("full-backing-filename")]
    public string? FullBackingFilename { get; init; }

    public bool? Encrypted { get; init; }

    [JsonPropertyName("format-specific")]
    public QemuFormatSpecific? FormatSpecific { get; init; }
}

/// <summary>The part of it that depends on the format.</summary>
internal sealed record QemuFormatSpecific
{
    public QemuFormatData? Data { get; init; }
}

/// <summary>Its content.</summary>
internal sealed record QemuFormatData
{
    [JsonPropertyName("data-file")]
    public string? DataFile { get; init; }
}
