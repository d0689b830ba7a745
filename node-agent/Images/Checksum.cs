using System.Security.Cryptography;
using Kilonova.Crds;

namespace Kilonova.NodeAgent.Images;

/// <summary>Algorithms of checksums.</summary>
internal enum ChecksumAlgorithm
{
    /// <summary>SHA-256.</summary>
    Sha256,

    /// <summary>SHA-512.</summary>
    Sha512,
}

/// <summary>A checksum as an Image declares it.</summary>
internal sealed record Checksum(ChecksumAlgorithm Algorithm, string Hex)
{
    /// <summary>Name of the algorithm, for hashing.</summary>
    public HashAlgorithmName HashName => Algorithm == ChecksumAlgorithm.Sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA512;

    /// <summary>Reads <c>sha256:…</c> or <c>sha512:…</c>.</summary>
    /// <exception cref="BuildFailure">It is neither.</exception>
    public static Checksum Parse(string text)
    {
        var (algorithm, length) = text switch
        {
            _ when text.StartsWith("sha256:", StringComparison.Ordinal) => (ChecksumAlgorithm.Sha256, 64),
            _ when text.StartsWith("sha512:", StringComparison.Ordinal) => (ChecksumAlgorithm.Sha512, 128),
            _ => throw Refused(text),
        };
        var hex = text[7..].ToLowerInvariant();
        return hex.Length == length && hex.All(char.IsAsciiHexDigitLower) ? new Checksum(algorithm, hex) : throw Refused(text);
    }

    public override string ToString() => $"{(Algorithm == ChecksumAlgorithm.Sha256 ? "sha256" : "sha512")}:{Hex}";

    private static BuildFailure Refused(string text) =>
        new(InstanceStep.Image, "ImageChecksumUnknown", $"'{text}' is not a checksum of the form sha256:<64 hex digits> or sha512:<128 hex digits>.", elsewhere: false);
}
