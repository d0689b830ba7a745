using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Kilonova.Crds;

namespace Kilonova.NodeAgent.Images;

/// <summary>
/// Opens the places where images come from. Their addresses are written by tenants: a file must lie in a directory that the host's admin named, and the host's own
/// and link-local addresses are not connected to unless the admin says so.
/// </summary>
internal sealed class ImageOrigin : IDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(15);

    private readonly HttpClient http;
    private readonly IReadOnlyList<string> directories;
    private readonly bool allowLocalAddresses;

    /// <param name="directories">Directories from which <c>file:</c> sources are taken.</param>
    /// <param name="allowLocalAddresses">Whether loopback and link-local addresses may be connected to.</param>
    public ImageOrigin(IEnumerable<string> directories, bool allowLocalAddresses)
    {
        this.directories = [.. directories.Select(Path.GetFullPath)];
        this.allowLocalAddresses = allowLocalAddresses;
        http = new HttpClient(new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
            ConnectTimeout = ConnectLimit,
            MaxAutomaticRedirections = 5,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            UseCookies = false,
            UseProxy = false,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("kilonova-node-agent", null));
    }

    /// <summary>An open source.</summary>
    /// <param name="Body">Its bytes.</param>
    /// <param name="Reference">What identifies this state of it; without a digest.</param>
    public sealed record Opened(Stream Body, ImageReference Reference) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Body.DisposeAsync();
    }

    /// <summary>Opens a source; null when it is as it was when <paramref name="known"/> was made.</summary>
    /// <exception cref="BuildFailure">The source is refused, or says that there is no such image.</exception>
    /// <exception cref="HttpRequestException">The source does not answer, or not now.</exception>
    public async Task<Opened?> OpenAsync(string url, ImageReference? known, CancellationToken cancel)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri))
            throw Refused("ImageSourceRefused", $"'{url}' is not a URL.");
        return uri.Scheme switch
        {
            "http" or "https" => await OpenHttpAsync(uri, known, cancel),
            "file" => OpenFile(uri, known),
            _ => throw Refused("ImageSourceRefused", $"Images are fetched by http, https or file, not by {uri.Scheme}."),
        };
    }

    public void Dispose() => http.Dispose();

    private async Task<Opened?> OpenHttpAsync(Uri uri, ImageReference? known, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        if (known?.ETag is { } tag && EntityTagHeaderValue.TryParse(tag, out var parsed))
            request.Headers.IfNoneMatch.Add(parsed);
        else if (known?.LastModified is { } time)
            request.Headers.IfModifiedSince = time;

        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (response.StatusCode == HttpStatusCode.NotModified && known is not null)
        {
            response.Dispose();
            return null;
        }

        if (!response.IsSuccessStatusCode)
        {
            var status = response.StatusCode;
            response.Dispose();
            var text = $"{uri.Host} answers {(int)status} {status} for the image.";
            throw (int)status is >= 400 and < 500 and not (408 or 429) ? Refused("ImageNotFound", text) : new HttpRequestException(text, null, status);
        }

        var reference = new ImageReference
        {
            Digest = "",
            ETag = response.Headers.ETag?.ToString(),
            LastModified = response.Content.Headers.LastModified,
            Length = response.Content.Headers.ContentLength,
        };
        return new Opened(await response.Content.ReadAsStreamAsync(cancel), reference);
    }

    private Opened? OpenFile(Uri uri, ImageReference? known)
    {
        // Symbolic links are resolved first: the file that is opened must lie within, not only its name.
        var path = Path.GetFullPath(uri.LocalPath);
        var target = File.Exists(path) ? RealPath(path) : path;
        if (!directories.Any(directory => target.StartsWith(RealPath(directory) + "/", StringComparison.Ordinal)))
            throw Refused("ImageSourceRefused", $"{path} is in none of the directories from which this host takes images ({string.Join(", ", directories)}).");
        var file = new FileInfo(target);
        if (!file.Exists)
            throw new BuildFailure(InstanceStep.Image, "ImageNotFound", $"There is no file {path} on this host.", elsewhere: true);
        if ((file.Attributes & (FileAttributes.Device | FileAttributes.Directory)) != 0 || file.UnixFileMode < 0)
            throw Refused("ImageSourceRefused", $"{path} is not a regular file.");
        var reference = new ImageReference { Digest = "", LastModified = file.LastWriteTimeUtc, Length = file.Length };
        if (known is not null && known.LastModified == reference.LastModified && known.Length == reference.Length)
            return null;
        return new Opened(new FileStream(target, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.Asynchronous | FileOptions.SequentialScan), reference);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancel);
        var allowed = addresses.Where(address => allowLocalAddresses || !IsLocal(address)).ToArray();
        if (addresses.Length > 0 && allowed.Length == 0)
            throw Refused("ImageSourceRefused", $"{host} is an address of the host itself or of its link; images are not fetched from there (option --allow-local-image-sources).");

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsLocal(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address) || address.IsIPv6LinkLocal || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            return true;
        var bytes = address.GetAddressBytes();
        return bytes is [169, 254, _, _] or [0, _, _, _];
    }

    private static string RealPath(string path)
    {
        // Each component may be a link, not only the last.
        var real = "/";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, part);
            FileSystemInfo entry = Directory.Exists(next) ? new DirectoryInfo(next) : new FileInfo(next);
            real = entry.LinkTarget is not null && entry.ResolveLinkTarget(returnFinalTarget: true) is { } link ? RealPath(link.FullName) : next;
        }

        return real;
    }

    private static BuildFailure Refused(string reason, string message) => new(InstanceStep.Image, reason, message, elsewhere: false);
}
