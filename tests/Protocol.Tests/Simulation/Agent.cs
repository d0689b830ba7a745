using Kilonova.Crds;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Tests.Interleaving;

/// <summary>What of a host outlives its agent's process.</summary>
internal sealed class ModelHost(string name)
{
    public string Name => name;

    /// <summary>Guests that run, by instance ID: the placement number they were started under.</summary>
    public Dictionary<string, long> Running { get; } = [];

    /// <summary>Domains that are defined, running or not.</summary>
    public Dictionary<string, long> Domains { get; } = [];

    /// <summary>The agent's fsynced records.</summary>
    public Dictionary<string, ModelRecord> Records { get; } = [];

    /// <summary>Placement numbers that were started, for good.</summary>
    public int Started { get; set; }
}

/// <summary>An agent's record of an instance ID.</summary>
/// <param name="Epoch">Last number that was accepted.</param>
/// <param name="Gone">Highest number that was removed: a tombstone.</param>
/// <param name="Failed">Highest number that was given up, and is never started again.</param>
internal readonly record struct ModelRecord(long Epoch, long Gone, long Failed);

/// <summary>The AGENT part of the protocol, each read, fsync and call a step of its own. One actor does one Instance after the other.</summary>
/// <remarks>With <paramref name="forgetful"/> it keeps no tombstones: the operator's part of the protocol must do without them, but for restored stores.</remarks>
internal sealed class ModelAgent(World world, ModelCluster cluster, ModelHost host, Func<double> failureRate, bool forgetful) : Actor(world, $"agent {host.Name}")
{
    public override async Task LiveAsync()
    {
        await Do("renew Lease", () => { });
        while (true)
        {
            var id = await Do("look", () => Interesting() is { Count: > 0 } ids ? ids[World.Random.Next(ids.Count)] : null);
            if (id is null)
                continue;
            var instance = await Do($"read Instance {id}", () => cluster.Instances.GetValueOrDefault((host.Name, id)));
            if (instance is { Metadata.DeletionTimestamp: not null })
                await RemoveAsync(id, instance);
            else if (instance is { Spec: { Wanted: InstancePresence.Present, Note: null } })
                await StartAsync(id, instance);
        }
    }

    /// <summary>Nothing to do here.</summary>
    public bool IsIdle => Interesting().Count == 0;

    private List<string> Interesting() => [.. cluster.Instances
        .Where(i => i.Key.Host == host.Name)
        .Where(i => i.Value.Metadata.DeletionTimestamp is not null
            ? i.Value.Metadata.Finalizers!.Contains(ApiGroup.AgentFinalizer)
            : i.Value.Spec.Wanted == InstancePresence.Present && i.Value.Status?.PowerState != PowerState.Running && i.Value.Status?.Failure is null && MayStart(i.Key.Id, i.Value))
        .Select(i => i.Key.Id).Order(StringComparer.Ordinal)];

    private bool MayStart(string id, Instance instance)
    {
        var record = host.Records.GetValueOrDefault(id);
        return forgetful || (instance.Spec.Epoch >= record.Epoch && instance.Spec.Epoch > record.Gone);
    }

    private async Task StartAsync(string id, Instance instance)
    {
        var epoch = instance.Spec.Epoch;
        if (!MayStart(id, instance))
            return;
        var record = host.Records.GetValueOrDefault(id);
        if (record.Failed >= epoch)
        {
            await FailAsync(instance);
            return;
        }

        var entry = await Do($"read entry {id} e{epoch}", () => LedgerEntries.EntriesOf(cluster.Providers[host.Name], id).FirstOrDefault(e => e.Epoch == epoch));
        if (entry?.ClaimID != instance.Spec.ClaimID)
            return;
        if (!host.Running.ContainsKey(id) && World.Random.NextDouble() < failureRate())
        {
            // The promise first, then the word: never started under this number again.
            await Do($"fsync {id} e{epoch} failed", () => host.Records[id] = host.Records.GetValueOrDefault(id) with { Failed = epoch });
            await FailAsync(instance);
            return;
        }

        await Do($"fsync {id} e{epoch}", () => host.Records[id] = host.Records.GetValueOrDefault(id) with { Epoch = epoch });
        await Do($"virDomainCreate {id} e{epoch}", () =>
        {
            if (host.Running.TryAdd(id, epoch))
                host.Started++;
            host.Domains[id] = host.Running[id];
        });
        await WriteStatusAsync(instance, new InstanceStatus { Epoch = epoch, PowerState = PowerState.Running, StartedAt = DateTimeOffset.UnixEpoch });
    }

    private Task<Instance?> FailAsync(Instance instance) => WriteStatusAsync(instance, new InstanceStatus
    {
        Failure = new InstanceFailure { Epoch = instance.Spec.Epoch, Step = InstanceStep.Define, Reason = "X", Message = "x", Elsewhere = true },
    });

    private Task<Instance?> WriteStatusAsync(Instance instance, InstanceStatus status) =>
        Do($"write status of {instance.Metadata.Name}: {status.PowerState} failure {status.Failure?.Epoch}", () =>
            cluster.Write(cluster.Instances, (host.Name, instance.Metadata.Name!), instance with { Status = status }, true));

    private async Task RemoveAsync(string id, Instance instance)
    {
        if (instance.Metadata.Finalizers?.Contains(ApiGroup.AgentFinalizer) != true)
            return;
        var epoch = instance.Spec.Epoch;
        if (!forgetful && host.Domains.TryGetValue(id, out var domain) && domain > epoch)
            return;
        await Do($"destroy {id}, tombstone e{epoch}", () =>
        {
            host.Running.Remove(id);
            host.Domains.Remove(id);
            host.Records[id] = host.Records.GetValueOrDefault(id) with { Gone = Math.Max(epoch, host.Records.GetValueOrDefault(id).Gone) };
        });
        await Do($"drop agent finalizer of {id}", () =>
        {
            if (cluster.Instances.TryGetValue((host.Name, id), out var now) && now.Metadata.Uid == instance.Metadata.Uid)
                cluster.Write(cluster.Instances, (host.Name, id), now with { Metadata = now.Metadata with { Finalizers = [.. now.Metadata.Finalizers!.Where(f => f != ApiGroup.AgentFinalizer)] } }, false);
        });
    }
}
