using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Client;

/// <summary>The API server's answer when it has no object to return (<c>meta/v1</c> Status).</summary>
public sealed record KubernetesStatus : WireObject
{
    /// <summary>HTTP status code.</summary>
    public int? Code { get; init; }

    /// <summary><c>Success</c> or <c>Failure</c>.</summary>
    public string? Status { get; init; }

    /// <summary>One word for machines, see <see cref="StatusReasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>A sentence for people.</summary>
    public string? Message { get; init; }

    /// <summary>What the status is about.</summary>
    public StatusDetails? Details { get; init; }
}

/// <summary>What a <see cref="KubernetesStatus"/> is about.</summary>
public sealed record StatusDetails : WireObject
{
    /// <summary>Name of the object.</summary>
    public string? Name { get; init; }

    /// <summary>API group.</summary>
    public string? Group { get; init; }

    /// <summary>Resource (plural) or kind.</summary>
    public string? Kind { get; init; }

    /// <summary>UID of the object.</summary>
    public string? Uid { get; init; }

    /// <summary>The single faults, for instance one per invalid field.</summary>
    public IReadOnlyList<StatusCause>? Causes { get; init; }

    /// <summary>When to try again, in seconds.</summary>
    public int? RetryAfterSeconds { get; init; }
}

/// <summary>One fault.</summary>
public sealed record StatusCause : WireObject
{
    /// <summary>One word, for instance <c>FieldValueInvalid</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>A sentence.</summary>
    public string? Message { get; init; }

    /// <summary>Path of the field.</summary>
    public string? Field { get; init; }
}

/// <summary>Values of <see cref="KubernetesStatus.Reason"/> (<c>apimachinery/pkg/apis/meta/v1</c>).</summary>
public static class StatusReasons
{
    /// <summary>401.</summary>
    public const string Unauthorized = "Unauthorized";

    /// <summary>403.</summary>
    public const string Forbidden = "Forbidden";

    /// <summary>404.</summary>
    public const string NotFound = "NotFound";

    /// <summary>409 on create.</summary>
    public const string AlreadyExists = "AlreadyExists";

    /// <summary>409: a precondition does not hold, or two appliers own a field.</summary>
    public const string Conflict = "Conflict";

    /// <summary>410: the version asked for is too old.</summary>
    public const string Gone = "Gone";

    /// <summary>410: the version or continue token is too old.</summary>
    public const string Expired = "Expired";

    /// <summary>422.</summary>
    public const string Invalid = "Invalid";

    /// <summary>429.</summary>
    public const string TooManyRequests = "TooManyRequests";

    /// <summary>500 or 504: not done in time, try again.</summary>
    public const string ServerTimeout = "ServerTimeout";

    /// <summary>504.</summary>
    public const string Timeout = "Timeout";

    /// <summary>503.</summary>
    public const string ServiceUnavailable = "ServiceUnavailable";
}
