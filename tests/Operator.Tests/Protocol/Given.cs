using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Tests.Protocol;

/// <summary>Builds what the protocol reads, in few words.</summary>
internal static class Given
{
    public const string Id = "id-1";

    public static readonly IReadOnlyDictionary<string, long> Small = new Dictionary<string, long> { ["VCPU"] = 1, ["MEMORY_MB"] = 64 };

    public static Server Server(long epoch = 0, string? host = null, long? hostEpoch = null, bool deleted = false, bool finalizer = true) => new()
    {
        ApiVersion = ApiGroup.ApiVersion,
        Kind = "Server",
        Metadata = new ObjectMeta
        {
            Name = "web",
            Namespace = "project",
            Uid = Id,
            Generation = 1,
            ResourceVersion = "1",
            Finalizers = finalizer ? [ApiGroup.ServerFinalizer] : null,
            DeletionTimestamp = deleted ? DateTimeOffset.UnixEpoch : null,
        },
        Spec = new ServerSpec { Flavor = "small" },
        Status = epoch == 0 && host is null ? null : new ServerStatus
        {
            InstanceID = Id,
            PlacementEpoch = epoch,
            Host = host,
            HostEpoch = hostEpoch ?? (host is null ? null : epoch),
            ClaimID = host is null ? null : Claim(hostEpoch ?? epoch),
        },
    };

    public static string Claim(long epoch) => $"claim-{epoch}";

    public static Allocation Entry(long epoch, string holder = "Server/project/web", IReadOnlyDictionary<string, long>? resources = null) =>
        new() { Id = Id, Epoch = epoch, ClaimID = Claim(epoch), Holder = holder, Resources = resources ?? Small };

    public static Instance Instance(string host, long epoch, bool deleted = false, bool agent = true, InstanceFailure? failure = null, InstancePresence wanted = InstancePresence.Present, InstanceStatus? status = null) => new()
    {
        ApiVersion = ApiGroup.ApiVersion,
        Kind = "Instance",
        Metadata = new ObjectMeta
        {
            Name = Id,
            Namespace = ApiGroup.HostNamespace(host),
            Uid = $"{host}-{epoch}",
            ResourceVersion = "1",
            Generation = 1,
            Finalizers = agent ? [ApiGroup.AgentFinalizer, ApiGroup.LedgerFinalizer] : [ApiGroup.LedgerFinalizer],
            DeletionTimestamp = deleted ? DateTimeOffset.UnixEpoch : null,
        },
        Spec = new InstanceSpec
        {
            Server = new ServerReference { Namespace = "project", Name = "web", Uid = Id },
            Epoch = epoch,
            ClaimID = Claim(epoch),
            Wanted = wanted,
            ServerGeneration = 1,
        },
        Status = failure is null ? status : (status ?? new InstanceStatus()) with { Failure = failure },
    };

    public static InstanceFailure Failure(long epoch, bool elsewhere = true) =>
        new() { Epoch = epoch, Step = InstanceStep.Define, Reason = "DefineFailed", Message = "no such machine type.", Elsewhere = elsewhere };

    public static Place At(string host, Instance? instance = null, params Allocation[] entries) => new(host, instance, entries);

    public static PlacementView View(Server? server, params Place[] places) => new(Id, server, places, []) { Wanted = Small };
}
