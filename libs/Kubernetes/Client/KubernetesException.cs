using System.Net;
using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Client;

/// <summary>The API server refused a request and said why.</summary>
public sealed class KubernetesException : Exception
{
    /// <summary>Creates the exception from the server's answer.</summary>
    /// <param name="status">The answer; <see cref="KubernetesStatus.Code"/> is set.</param>
    /// <param name="request">What was asked, for the message: <c>PUT servers a/b</c>.</param>
    /// <param name="retryAfter">When the server wants to be asked again.</param>
    public KubernetesException(KubernetesStatus status, string request, TimeSpan? retryAfter = null)
        : base($"{request}: {status?.Message ?? status?.Reason ?? "no reason given"} ({status?.Code}{(status?.Reason is { Length: > 0 } reason ? " " + reason : "")})")
    {
        ArgumentNullException.ThrowIfNull(status);
        Status = status;
        RetryAfter = retryAfter ?? (status.Details?.RetryAfterSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null);
    }

    /// <summary>The server's answer.</summary>
    public KubernetesStatus Status { get; }

    /// <summary>HTTP status code.</summary>
    public HttpStatusCode Code => (HttpStatusCode)(Status.Code ?? 0);

    /// <summary>Reason word.</summary>
    public string Reason => Status.Reason ?? "";

    /// <summary>When the server wants to be asked again.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>
    /// UIDs of the flow schema and priority level that the server's fairness put the request under, for whoever asks why it was turned
    /// away; null where the server does not say.
    /// </summary>
    public string? PriorityLevel { get; internal init; }

    /// <summary>A guard or precondition did not hold, or another applier owns a field (409).</summary>
    public bool IsConflict => Code == HttpStatusCode.Conflict && Reason != StatusReasons.AlreadyExists;

    /// <summary>
    /// The object is not the one or not in the version that the write was guarded by: <see cref="IsConflict"/>, or
    /// the 422 with which the server refuses a patch that carries another UID, or the object is gone.
    /// Read again, judge again; never just send again.
    /// </summary>
    public bool IsGuardFailure => IsConflict || IsObjectAbsent || HasCause("metadata.uid");

    /// <summary>
    /// Something does not exist (404). It may be the object, its namespace, or the kind itself (CRD not installed):
    /// only <see cref="IsObjectAbsent"/> tells.
    /// </summary>
    public bool IsNotFound => Code == HttpStatusCode.NotFound;

    /// <summary>The server knows the kind and says that this object does not exist.</summary>
    public bool IsObjectAbsent { get; internal init; }

    /// <summary>Create: the name is taken.</summary>
    public bool IsAlreadyExists => Reason == StatusReasons.AlreadyExists;

    /// <summary>The version or continue token is too old (410): list anew.</summary>
    public bool IsExpired => Code == HttpStatusCode.Gone || Reason is StatusReasons.Expired or StatusReasons.Gone;

    /// <summary>Same as <see cref="IsExpired"/>, by the name of the HTTP status.</summary>
    public bool IsGone => IsExpired;

    /// <summary>The server is busy (429); see <see cref="RetryAfter"/>.</summary>
    public bool IsTooManyRequests => Code == HttpStatusCode.TooManyRequests;

    /// <summary>The object breaks the schema or a rule (422); see the status' causes.</summary>
    public bool IsInvalid => Code == HttpStatusCode.UnprocessableEntity;

    /// <summary>Not allowed (403).</summary>
    public bool IsForbidden => Code == HttpStatusCode.Forbidden;

    /// <summary>Not authenticated (401).</summary>
    public bool IsUnauthorized => Code == HttpStatusCode.Unauthorized;

    /// <summary>The watch cache has not reached the version asked for yet; ask again, do not list.</summary>
    public bool IsTooLargeResourceVersion => Status.Details?.Causes?.Any(c => c.Reason == "ResourceVersionTooLarge") == true;

    /// <summary>May go away by itself: busy, unavailable, timed out.</summary>
    public bool IsTransient => IsTooManyRequests || IsTooLargeResourceVersion
        || Code is HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout
        || Reason is StatusReasons.ServerTimeout or StatusReasons.Timeout;

    private bool HasCause(string field) => IsInvalid && Status.Details?.Causes?.Any(c => c.Field == field) == true;
}

/// <summary>
/// No answer came: connection refused or lost, or time ran out. After a write, whether it happened is not known:
/// read before deciding.
/// </summary>
public sealed class KubernetesConnectionException : Exception
{
    /// <summary>Creates the exception.</summary>
    public KubernetesConnectionException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether the request's time ran out.</summary>
    public bool IsTimeout { get; internal init; }

    /// <summary>Whether an open watch, its connection alive, got nothing for longer than its idle time-out.</summary>
    public bool IsSilence { get; internal init; }
}

/// <summary>An object in a list or watch that this version's types cannot hold. It exists: never treat it as absent.</summary>
/// <param name="Key">Which object.</param>
/// <param name="Uid">Its UID, if readable.</param>
/// <param name="ResourceVersion">Its version, if readable.</param>
/// <param name="Error">What could not be read.</param>
public sealed record DecodeFailure(NamespacedName Key, string? Uid, string? ResourceVersion, string Error)
{
    /// <summary>A watch said that the object was deleted.</summary>
    public bool Deleted { get; init; }
}

/// <summary>The server's answer cannot be read as the kind that was asked for.</summary>
public sealed class KubernetesDecodeException : Exception
{
    /// <summary>Creates the exception.</summary>
    public KubernetesDecodeException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The little of an object that every kind has; read where the rest does not matter.</summary>
internal sealed record PartialObject
{
    public string? Kind { get; init; }

    public ObjectMeta? Metadata { get; init; }
}

/// <summary><c>meta/v1</c> ListMeta.</summary>
internal sealed record ListMeta
{
    public string? ResourceVersion { get; init; }

    public string? Continue { get; init; }

    public long? RemainingItemCount { get; init; }
}
