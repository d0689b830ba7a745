namespace Kilonova.Kubernetes.Client;

/// <summary>When a request may be sent again.</summary>
internal enum RetryRule
{
    /// <summary>Reads: after anything transient.</summary>
    Read,

    /// <summary>Writes: only when the server said that it did not process the request (429, 503 with Retry-After).</summary>
    Write,

    /// <summary>Never, for instance a create under a generated name.</summary>
    Never,
}

/// <summary>One request to the API server.</summary>
internal readonly record struct ApiRequest(HttpMethod Method, string PathAndQuery, string Verb, string Resource, RetryRule Retry)
{
    public ReadOnlyMemory<byte> Body { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Form of the answer; null is the whole object.</summary>
    public string? Accept { get; init; }

    /// <summary>The object that is meant, for messages and to tell an absent object from an absent kind.</summary>
    public NamespacedName? Target { get; init; }

    public override string ToString() => Target is { } target ? $"{Verb} {Resource} {target}" : $"{Verb} {Resource}";
}
