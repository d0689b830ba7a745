using System.Text.Json.Serialization;

namespace Kilonova.Faults;

/// <summary>What goes wrong.</summary>
public enum FaultKind
{
    /// <summary>The request waits for <see cref="FaultRule.Delay"/>, up to twice that; other rules apply afterwards.</summary>
    Latency,

    /// <summary>The answer is <see cref="FaultRule.Code"/>. In a watch that is under way (<see cref="FaultRule.AfterLines"/>, <see cref="FaultRule.AfterTime"/>): an ERROR event.</summary>
    Error,

    /// <summary>The connection is reset, with everything else on it.</summary>
    Reset,

    /// <summary>This one exchange is aborted; others on the connection go on.</summary>
    Abort,

    /// <summary>The answer ends early and cleanly, between two lines where it has lines.</summary>
    Cut,

    /// <summary>The answer ends early and cleanly, in the midst of a line.</summary>
    Truncate,

    /// <summary>Nothing more comes, and the connection stays alive.</summary>
    Silence,

    /// <summary>A read is answered with the oldest answer that is remembered for it.</summary>
    Stale,

    /// <summary>The server wants no further requests on the connection; those under way go on.</summary>
    GoAway,
}

/// <summary>One fault and which requests it hits. What is not set does not narrow.</summary>
public sealed record FaultRule
{
    /// <summary>Name, for counts; null is the kind's.</summary>
    public string? Name { get; init; }

    /// <summary>What goes wrong.</summary>
    public required FaultKind Fault { get; init; }

    /// <summary>get, list, watch, create, update, patch, delete, deletecollection.</summary>
    public IReadOnlyList<string>? Verbs { get; init; }

    /// <summary>Plural names, with the subresource where there is one: <c>servers</c>, <c>servers/status</c>, <c>*</c>.</summary>
    public IReadOnlyList<string>? Resources { get; init; }

    /// <summary>Namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>Name of the object.</summary>
    public string? ObjectName { get; init; }

    /// <summary>Share of the requests that fit, 0 to 100; which ones is drawn from the seed. Null is all.</summary>
    public double? Percent { get; init; }

    /// <summary>At most so often; null is without end.</summary>
    public int? Times { get; init; }

    /// <summary>Latency: how long.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Error: HTTP status; null is 503.</summary>
    public int? Code { get; init; }

    /// <summary>Error: reason word of the Status; null is the one usual with the code.</summary>
    public string? Reason { get; init; }

    /// <summary>Error: seconds in <c>Retry-After</c>.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Error, Reset, Abort, Silence: the server does what was asked, only its answer is lost.</summary>
    public bool AfterProcessing { get; init; }

    /// <summary>In the answer to a watch: after so many lines.</summary>
    public int? AfterLines { get; init; }

    /// <summary>In the answer to a watch: after this time, unless its lines came first.</summary>
    public TimeSpan? AfterTime { get; init; }

    /// <summary>Whether it hits answers that are under way rather than requests.</summary>
    [JsonIgnore]
    public bool IsInAnswer => AfterLines is not null || AfterTime is not null || Fault is FaultKind.Cut or FaultKind.Truncate;

    /// <summary>Whether the rule is about such requests.</summary>
    public bool Fits(in ApiCall call) =>
        (Verbs is null || Verbs.Contains(call.Verb)) && (Resources is null || Resources.Contains("*") || Resources.Contains(call.Resource))
        && (Namespace is null || Namespace == call.Namespace) && (ObjectName is null || ObjectName == call.Name);
}

/// <summary>Rules as the control socket takes and shows them.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<FaultRule>))]
[JsonSerializable(typeof(ProxyReport))]
internal sealed partial class FaultsJson : JsonSerializerContext;

/// <summary>What a proxy did so far.</summary>
/// <param name="Seed">Seed of every choice.</param>
/// <param name="Requests">Requests that came.</param>
/// <param name="Accepted">Connections that came.</param>
/// <param name="Open">Connections that are open.</param>
/// <param name="Injected">Faults, by name of their rule.</param>
/// <param name="Rules">The rules in force.</param>
public sealed record ProxyReport(int Seed, long Requests, int Accepted, int Open, IReadOnlyDictionary<string, long> Injected, IReadOnlyList<FaultRule> Rules);
