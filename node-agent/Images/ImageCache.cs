using System.Text.Json;
using Kilonova.Crds;
using Kilonova.NodeAgent.State;

namespace Kilonova.NodeAgent.Images;

/// <summary>
/// Images on this host, by the SHA-256 of the file. An entry is a file and a description beside it; the description is written last, so an entry without one is
/// not there. However many guests wait for an image, it is fetched once; when the last of them gives up, so does the fetch.
/// </summary>
internal sealed class ImageCache
{
    private const int Attempts = 4;

    private readonly StateDirectory state;
    private readonly ImageOrigin origin;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Dictionary<string, SharedFetch> fetches = [];
    private long hits;
    private long misses;

    public ImageCache(StateDirectory state, ImageOrigin origin, TimeProvider time)
    {
        this.state = state;
        this.origin = origin;
        this.time = time;

        // What a crash left behind.
        foreach (var path in Directory.EnumerateFiles(state.Images).Where(path => ImageDownload.IsTemporary(path) || DurableFile.IsTemporary(path)))
            File.Delete(path);
    }

    /// <summary>Images that were there when asked for.</summary>
    public long Hits => Interlocked.Read(ref hits);

    /// <summary>Images that had to be fetched.</summary>
    public long Misses => Interlocked.Read(ref misses);

    /// <summary>Bytes of the files in the cache, as their descriptions say.</summary>
    public long Bytes() => Entries().Sum(entry => entry.FileBytes);

    /// <summary>What is in the cache.</summary>
    public IEnumerable<CachedImage> Entries() =>
        Directory.EnumerateFiles(state.Images, "*.json").Select(path => Entry(Path.GetFileNameWithoutExtension(path)!)).OfType<CachedImage>();

    /// <summary>Gives an image, fetching it when it is not there.</summary>
    /// <param name="image">What is asked for.</param>
    /// <param name="progress">Told of the download as it goes, also when somebody else began it.</param>
    /// <param name="cancel">Gives up waiting.</param>
    /// <exception cref="BuildFailure">The image is not to be had, or is not what was declared.</exception>
    public async Task<CachedImage> GetAsync(InstanceImage image, Action<DownloadProgress> progress, CancellationToken cancel)
    {
        var checksum = image.Checksum is { } text ? Checksum.Parse(text) : null;
        var found = checksum is null ? null : ByChecksum(checksum);
        if (found is not null)
            Interlocked.Increment(ref hits);
        else
            found = await FetchSharedAsync(image, checksum, progress, cancel);
        return found.Format == image.Format
            ? found
            : throw new BuildFailure(InstanceStep.Image, "ImageFormatMismatch", $"The image is declared {image.Format} and its content is {found.Format}. Correct the Image's diskFormat.", elsewhere: false);
    }

    private CachedImage? ByChecksum(Checksum checksum) =>
        checksum.Algorithm == ChecksumAlgorithm.Sha256 ? Entry(checksum.Hex) : Reference(checksum.ToString()) is { } reference ? Entry(reference.Digest) : null;

    private async Task<CachedImage> FetchSharedAsync(InstanceImage image, Checksum? checksum, Action<DownloadProgress> progress, CancellationToken cancel)
    {
        var key = $"{checksum?.ToString() ?? image.Url} {image.Format}";
        SharedFetch? fetch;
        lock (gate)
        {
            if (!fetches.TryGetValue(key, out fetch) || !fetch.TryJoin())
            {
                fetch = new SharedFetch((report, stop) => FetchAsync(image, checksum, report, stop));
                fetches[key] = fetch;
            }
        }

        try
        {
            return await fetch.WaitAsync(progress, cancel);
        }
        finally
        {
            lock (gate)
            {
                if (fetch.Leave())
                {
                    if (fetches.GetValueOrDefault(key) == fetch)
                        fetches.Remove(key);
                    fetch.Dispose();
                }
            }
        }
    }

    private async Task<CachedImage> FetchAsync(InstanceImage image, Checksum? checksum, Action<DownloadProgress> progress, CancellationToken cancel)
    {
        // Another fetch may have ended between the look and the join.
        if (checksum is not null && ByChecksum(checksum) is { } arrived)
            return arrived;

        // Without a checksum the source itself is asked whether it is still what it was.
        var name = checksum?.ToString() ?? image.Url;
        var known = checksum is null && Reference(name) is { } reference && Entry(reference.Digest) is not null ? reference : null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var opened = await origin.OpenAsync(image.Url, known, cancel);
                if (opened is null && Entry(known!.Digest) is { } unchanged)
                {
                    Interlocked.Increment(ref hits);
                    return unchanged;
                }

                Interlocked.Increment(ref misses);
                return await StoreAsync(opened!, image, checksum, name, progress, cancel);
            }
            catch (Exception error) when (IsTransient(error) && attempt < Attempts && !cancel.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromSeconds(Math.Pow(2, attempt - 1)), time, cancel);
            }
            catch (Exception error) when (IsTransient(error) && !cancel.IsCancellationRequested)
            {
                throw new BuildFailure(InstanceStep.Image, "ImageUnreachable", $"The image could not be fetched in {Attempts} attempts: {Cause(error)}", elsewhere: true, error);
            }
            catch (HttpRequestException error) when (error.InnerException is BuildFailure refused)
            {
                throw new BuildFailure(refused.Step, refused.Reason, refused.Message, refused.Elsewhere, error);
            }
        }
    }

    private async Task<CachedImage> StoreAsync(ImageOrigin.Opened opened, InstanceImage image, Checksum? checksum, string name, Action<DownloadProgress> progress, CancellationToken cancel)
    {
        await using var download = new ImageDownload(state.Images);
        var digest = await download.ReceiveAsync(opened.Body, opened.Reference.Length, checksum, progress, cancel);
        var entry = Entry(digest);
        if (entry is null)
        {
            var finding = await ImageInspector.InspectAsync(download.Path, image.Format, cancel);
            entry = new CachedImage { Digest = "sha256:" + digest, Format = finding.Format, VirtualBytes = finding.VirtualBytes, FileBytes = download.Length };
            DurableFile.Publish(download.Path, PathOf(digest));
            DurableFile.Write(PathOf(digest) + ".json", JsonSerializer.SerializeToUtf8Bytes(entry, AgentJsonContext.Default.CachedImage));
            entry = entry with { Path = PathOf(digest) };
        }

        // A source that cannot be asked whether it changed is not remembered.
        var reference = opened.Reference with { Digest = digest };
        if (checksum is not null || reference.ETag is not null || reference.LastModified is not null)
            DurableFile.Write(ReferencePath(name), JsonSerializer.SerializeToUtf8Bytes(reference, AgentJsonContext.Default.ImageReference));
        return entry;
    }

    private CachedImage? Entry(string digest)
    {
        var path = PathOf(digest);
        return Read(path + ".json", AgentJsonContext.Default.CachedImage) is { } entry && File.Exists(path) ? entry with { Path = path } : null;
    }

    private ImageReference? Reference(string name) => Read(ReferencePath(name), AgentJsonContext.Default.ImageReference);

    private static T? Read<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class => File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), type) : null;

    private string PathOf(string digest) => Path.Combine(state.Images, digest);

    private string ReferencePath(string name) =>
        Path.Combine(state.Images, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name))) + ".ref");

    private static bool IsTransient(Exception error) => error switch
    {
        BuildFailure => false,
        HttpRequestException { InnerException: BuildFailure } => false,
        HttpRequestException or TimeoutException => true,
        IOException { InnerException: System.Net.Sockets.SocketException } => true,
        HttpIOException => true,
        _ => false,
    };

    private static string Cause(Exception error) => error.InnerException is { } inner && inner.Message != error.Message ? $"{error.Message} {inner.Message}" : error.Message;
}
