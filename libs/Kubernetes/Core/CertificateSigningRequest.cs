using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Core;

/// <summary>A request for a certificate (<c>certificates.k8s.io/v1</c>): somebody asks, somebody approves, a signer signs.</summary>
[Kind("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", Scope.Cluster)]
public sealed record CertificateSigningRequest : KubernetesObject<CertificateSigningRequestSpec, CertificateSigningRequestStatus>
{
    /// <summary>The signer for clients of the API server.</summary>
    public const string ApiClientSigner = "kubernetes.io/kube-apiserver-client";

    /// <summary>Condition: approved.</summary>
    public const string Approved = "Approved";

    /// <summary>Condition: denied.</summary>
    public const string Denied = "Denied";

    /// <summary>Condition: approved, and the signer could not sign.</summary>
    public const string Failed = "Failed";

    /// <summary>A condition; null when there is none of that type.</summary>
    public SigningCondition? Condition(string type) => Status?.Conditions?.FirstOrDefault(c => c.Type == type);
}

/// <summary>What is asked for, and who asks.</summary>
public sealed record CertificateSigningRequestSpec : WireObject
{
    /// <summary>The request (PKCS#10) as PEM text; base64 on the wire.</summary>
    public required byte[] Request { get; init; }

    /// <summary>Who is to sign.</summary>
    public required string SignerName { get; init; }

    /// <summary>Wanted validity, in seconds; at least 600. The signer may give less.</summary>
    public int? ExpirationSeconds { get; init; }

    /// <summary>What the certificate is for.</summary>
    public IReadOnlyList<string>? Usages { get; init; }

    /// <summary>Who asks, as the API server found out; it overwrites what a client says here.</summary>
    public string? Username { get; init; }

    /// <summary>Groups of who asks; by the API server.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>What else is known of who asks; by the API server.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }
}

/// <summary>What became of a request.</summary>
public sealed record CertificateSigningRequestStatus : WireObject
{
    /// <summary>Approved, denied or failed; the last two are final.</summary>
    public IReadOnlyList<SigningCondition>? Conditions { get; init; }

    /// <summary>The certificate with its intermediates as PEM text; base64 on the wire.</summary>
    public byte[]? Certificate { get; init; }
}

/// <summary>A decision about a request.</summary>
public sealed record SigningCondition : WireObject
{
    /// <summary><c>Approved</c>, <c>Denied</c> or <c>Failed</c>.</summary>
    public required string Type { get; init; }

    /// <summary><c>True</c>.</summary>
    public required string Status { get; init; }

    /// <summary>One word: why.</summary>
    public string? Reason { get; init; }

    /// <summary>Why.</summary>
    public string? Message { get; init; }
}
