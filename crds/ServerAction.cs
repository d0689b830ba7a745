using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>Something done to a server once, which leaves no wish behind: the request and its record. The last 50 of a server are kept.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "ServerAction", "serveractions")]
[Resource("user", "operator", ShortNames = ["act"], Selectable = [".spec.server", ".spec.action", ".status.phase"])]
[NotImplemented]
[Column("Server", ".spec.server")]
[Column("Action", ".spec.action")]
[Column("Phase", ".status.phase")]
[Column("Message", ".status.message", Wide = true)]
[Column("Request", ".status.requestID", Wide = true)]
public sealed record ServerAction : KubernetesObject<ServerActionSpec, ServerActionStatus>;

/// <summary>What is to be done.</summary>
[Rule("self == oldSelf", "spec is immutable: create another ServerAction")]
[Rule("(self.action == 'ResetState') == has(self.state)", "state goes with action ResetState, and only with it", FieldPath = ".state")]
[Rule("(self.action == 'SetPassword') == has(self.passwordFrom)", "passwordFrom goes with action SetPassword, and only with it", FieldPath = ".passwordFrom")]
public sealed record ServerActionSpec : WireObject
{
    /// <summary>Name of the Server, in this namespace.</summary>
    [ObjectName]
    public required string Server { get; init; }

    /// <summary>What to do.</summary>
    public required ServerActionType Action { get; init; }

    /// <summary>State to set, for <c>ResetState</c>.</summary>
    public ResetStateTarget? State { get; init; }

    /// <summary>New password, from a Secret of this namespace, for <c>SetPassword</c>.</summary>
    public SecretKeyReference? PasswordFrom { get; init; }
}

/// <summary>What can be done to a server once.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServerActionType>))]
public enum ServerActionType
{
    /// <summary>Ask the guest to reboot; after two minutes as <c>HardReboot</c>.</summary>
    SoftReboot,

    /// <summary>Power-cycle the guest.</summary>
    HardReboot,

    /// <summary>Start a guest that powered itself off.</summary>
    Start,

    /// <summary>Confirm a resize or cold migration now.</summary>
    ConfirmResize,

    /// <summary>Inject an NMI, so that the guest writes a crash dump.</summary>
    CrashDump,

    /// <summary>Set the administrator's password through the guest agent.</summary>
    SetPassword,

    /// <summary>Set a stuck server's state. For admins.</summary>
    ResetState,

    /// <summary>Write the guest's network data again.</summary>
    InjectNetworkInfo,

    /// <summary>Delete the server although its host does not answer. For admins.</summary>
    ForceDelete,
}

/// <summary>State that can be set.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ResetStateTarget>))]
public enum ResetStateTarget
{
    /// <summary>Error.</summary>
    Error,

    /// <summary>Active.</summary>
    Active,
}

/// <summary>What became of an action.</summary>
public sealed record ServerActionStatus : WireObject
{
    /// <summary>Generation that this speaks of; -1 before the operator has seen the action.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>How far it is.</summary>
    public ServerActionPhase? Phase { get; init; }

    /// <summary>What happened.</summary>
    [Text(4096)]
    public string? Message { get; init; }

    /// <summary>Request ID, for logs.</summary>
    [Text(64)]
    public string? RequestID { get; init; }

    /// <summary>When it began.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Steps, in order.</summary>
    [Items(64)]
    public IReadOnlyList<ActionEvent>? Events { get; init; }

    /// <summary>Conditions.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>How far an action is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServerActionPhase>))]
public enum ServerActionPhase
{
    /// <summary>Not begun.</summary>
    Pending,

    /// <summary>Under way.</summary>
    Running,

    /// <summary>Done.</summary>
    Succeeded,

    /// <summary>Failed.</summary>
    Failed,
}

/// <summary>A step of an action.</summary>
public sealed record ActionEvent : WireObject
{
    /// <summary>Name of the step.</summary>
    [Text(255, MinLength = 1)]
    public required string Name { get; init; }

    /// <summary>Host on which it was done.</summary>
    [Text(253)]
    public string? Host { get; init; }

    /// <summary>Whether it succeeded; absent while it is under way.</summary>
    public bool? Succeeded { get; init; }

    /// <summary>What happened.</summary>
    [Text(1024)]
    public string? Message { get; init; }

    /// <summary>When it began.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? FinishedAt { get; init; }
}
