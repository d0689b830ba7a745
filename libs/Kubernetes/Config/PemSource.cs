namespace Kilonova.Kubernetes.Config;

/// <summary>PEM text held in memory, or a file that holds it and may be rotated.</summary>
public sealed class PemSource
{
    private readonly string? _text;

    private PemSource(string? text, string? file, string origin)
    {
        _text = text;
        File = file;
        Origin = origin;
    }

    /// <summary>The file, when the text comes from one.</summary>
    public string? File { get; }

    /// <summary>Where the text is from, for messages: a file, or a field of a file.</summary>
    public string Origin { get; }

    /// <summary>PEM text given in memory; <paramref name="origin"/> names its source in messages.</summary>
    public static PemSource FromText(string text, string origin = "PEM text") => new(text, null, origin);

    /// <summary>PEM text in a file, read anew whenever a connection is set up from it.</summary>
    public static PemSource FromFile(string file) => new(null, file, file);

    /// <summary>The text.</summary>
    /// <exception cref="KubernetesConfigException">The file cannot be read.</exception>
    public string Read()
    {
        if (_text is not null)
            return _text;
        try
        {
            return System.IO.File.ReadAllText(File!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubernetesConfigException($"{Origin}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Origin;
}
