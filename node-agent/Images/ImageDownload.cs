using System.Security.Cryptography;
using Kilonova.Crds;

namespace Kilonova.NodeAgent.Images;

/// <summary>One file being received: hashed as it comes, zeros left as holes, removed unless it was published.</summary>
internal sealed class ImageDownload : IAsyncDisposable
{
    private const string Prefix = ".fetch-";
    private const int BlockSize = 256 << 10;

    /// <summary>Space that is left to the host, in bytes.</summary>
    private const long Spare = 256L << 20;

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    private readonly FileStream file;

    public ImageDownload(string directory)
    {
        Path = System.IO.Path.Combine(directory, Prefix + Guid.NewGuid().ToString("N"));
        file = new FileStream(Path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
            // QEMU runs as another user and reads it; the directory does not list its name.
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
        });
    }

    /// <summary>Where it is received.</summary>
    public string Path { get; }

    /// <summary>Bytes received.</summary>
    public long Length { get; private set; }

    /// <summary>Whether a file is one that was being received when the agent died.</summary>
    public static bool IsTemporary(string path) => System.IO.Path.GetFileName(path).StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Receives all bytes; when this returns they are on stable storage and were checked.</summary>
    /// <returns>SHA-256 of the file, in hexadecimal.</returns>
    /// <exception cref="BuildFailure">There is no room, or the checksum is another one.</exception>
    /// <exception cref="HttpIOException">The source ended early.</exception>
    /// <exception cref="TimeoutException">Nothing came for 60 s.</exception>
    public async Task<string> ReceiveAsync(Stream body, long? total, Checksum? declared, Action<DownloadProgress> progress, CancellationToken cancel)
    {
        if (total is { } expected && new DriveInfo(System.IO.Path.GetDirectoryName(Path)!).AvailableFreeSpace is var free && free < expected + Spare)
            throw Full($"The image has {expected >> 20} MiB, {free >> 20} MiB are free for images.");
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var sha512 = declared?.Algorithm == ChecksumAlgorithm.Sha512 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA512) : null;
        progress(new DownloadProgress(0, total));
        var block = GC.AllocateUninitializedArray<byte>(BlockSize);
        try
        {
            int read;
            while ((read = await ReadAsync(body, block, cancel)) > 0)
            {
                var bytes = block.AsMemory(0, read);
                sha256.AppendData(bytes.Span);
                sha512?.AppendData(bytes.Span);
                if (bytes.Span.ContainsAnyExcept((byte)0))
                    await RandomAccess.WriteAsync(file.SafeFileHandle, bytes, Length, cancel);
                Length += read;
                progress(new DownloadProgress(Length, total));
            }

            if (total is { } announced && Length != announced)
                throw new HttpIOException(HttpRequestError.ResponseEnded, $"The source announced {announced} bytes and sent {Length}.");
            RandomAccess.SetLength(file.SafeFileHandle, Length);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }
        catch (IOException error) when (error.HResult == 28) // ENOSPC
        {
            throw Full("The file system of the image cache is full.", error);
        }

        var digest = Convert.ToHexStringLower(sha256.GetHashAndReset());
        var actual = sha512 is null ? digest : Convert.ToHexStringLower(sha512.GetHashAndReset());
        if (declared is not null && declared.Hex != actual)
        {
            throw new BuildFailure(InstanceStep.Image, "ImageChecksumMismatch",
                $"The image should have {declared} and has {actual}. Either the source has another file, or the Image's checksum is wrong.", elsewhere: false);
        }

        return digest;
    }

    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        File.Delete(Path);
    }

    // A block is filled before it is looked at, so that holes are found whatever the pieces in which it comes.
    private static async Task<int> ReadAsync(Stream body, Memory<byte> block, CancellationToken cancel)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var filled = 0;
        try
        {
            while (filled < block.Length)
            {
                silence.CancelAfter(Silence);
                var read = await body.ReadAsync(block[filled..], silence.Token);
                if (read == 0)
                    break;
                filled += read;
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"The source sent nothing for {Silence.TotalSeconds:0} s.");
        }

        return filled;
    }

    private static BuildFailure Full(string message, Exception? cause = null) => new(InstanceStep.Image, "ImageCacheFull", message, elsewhere: true, cause);
}
