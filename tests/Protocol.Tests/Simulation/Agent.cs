using System.Net;
using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.NodeAgent;
using Kilonova.NodeAgent.Actors;
using Kilonova.NodeAgent.Protocol;
using Kilonova.NodeAgent.Registration;
using Kilonova.Operator.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>
/// A process of the agent: its own rounds and protocol, on a host in memory. Each read, fsync and call is an operation of its own, and it may die between any two.
/// Two rounds at a time, never of the same instance.
/// </summary>
/// <param name="world">Gives turns.</param>
/// <param name="store">The store.</param>
/// <param name="host">The host; it outlives the process.</param>
/// <param name="model">What goes on around it.</param>
internal sealed class Agent(World world, MemoryStore store, MemoryHost host, Model model) : Actor(world, $"agent {host.Name}"), IGuestHost, IInstanceApi
{
    private static readonly AgentMetrics Metrics = new();

    private readonly Sequence _sequence = new();
    private readonly InstanceBoard _board = new();
    private readonly Dictionary<string, long> _busy = [];
    private long _passed = -1;
    private readonly HashSet<string> _calledOff = [];
    private readonly Dictionary<string, InstanceReading> _listed = [];
    private readonly int _boot = host.Boot;
    private Moment? _renewed;
    private Moment? _heldUntil;
    private bool _wasHeld;
    private bool _straysChanged = true;
    private InstanceRounds? _rounds;

    public override Task LiveAsync()
    {
        _rounds = new InstanceRounds(this, this, _board, new FaultPoints([], ""), Metrics, _sequence, NullLogger<InstanceRounds>.Instance);
        _board.Changed += () => _straysChanged = true;
        return Task.WhenAll(BeatAsync(), PassAsync(), ReportAsync(), WorkAsync(), WorkAsync());
    }

    /// <summary>Whether it has nothing to do.</summary>
    public bool IsIdle => host.Due.Count == 0 && _busy.Count == 0;

    private async Task BeatAsync()
    {
        for (var wait = World.Calm ? 0 : World.Random.Next(40); wait > 0; wait--)
            await Do("look at the clock", () => { });
        await Do("renew Lease", () => store.Leases[host.Name] = _boot);
        _renewed = _sequence.Next();
    }

    private async Task ReportAsync()
    {
        while (true)
        {
            await Do("report strays", Report, () => _straysChanged || HasAnswer);
            _straysChanged = false;
        }
    }

    private bool Report()
    {
        var strays = HostStatus.Strays(store.Strays.GetValueOrDefault(host.Name), _board.Strays, _board.IsComplete);
        store.Report(host.Name, strays ?? [], HasAnswer ? store.Generation : store.Reported.GetValueOrDefault(host.Name));
        return true;
    }

    /// <summary>A full pass at the start, and whenever a hold begins or ends: everything that is here is looked at.</summary>
    private async Task PassAsync()
    {
        while (true)
        {
            await Do("full pass", Pass, () => _passed != (HeldFor ?? 0));
            _passed = HeldFor ?? 0;
        }
    }

    private bool Pass()
    {
        var all = host.Ids.Concat(store.Instances.Keys.Where(k => k.Host == host.Name).Select(k => k.Id)).ToHashSet(StringComparer.Ordinal);
        _board.Expect(HeldFor, all);
        host.Due.UnionWith(all);
        return true;
    }

    private long? HeldFor => store.Held ? store.Generation : null;

    /// <summary>R9: whether the host can say what it runs, and has not said so yet.</summary>
    private bool HasAnswer => HeldFor is { } held && _board.Answer == held && store.Reported.GetValueOrDefault(host.Name) < held && _renewed is not null;

    private async Task WorkAsync()
    {
        while (true)
        {
            var id = await Do("look", Pick, () => host.Due.Any(i => !_busy.ContainsKey(i)));
            if (id is null || !_busy.TryAdd(id, HeldFor ?? 0))
                continue;
            host.Due.Remove(id);
            if (!World.Calm && World.Random.Next(8) == 0)
                await ListAsync();
            try
            {
                _listed.Remove(id, out var reading);
                if (await _rounds!.RunAsync(id, reading, default) is not null)
                    host.Due.Add(id);
            }
            catch (Exception e) when (e is KubernetesException or KubernetesConnectionException or OperationCanceledException or InvalidOperationException)
            {
                host.Due.Add(id);
            }

            _busy.Remove(id);
        }
    }

    private string? Pick()
    {
        var free = host.Due.Where(i => !_busy.ContainsKey(i)).ToList();
        return free.Count == 0 ? null : free[World.Random.Next(free.Count)];
    }

    /// <summary>A full pass reads all Instances at once; its readings are used later.</summary>
    private async Task ListAsync()
    {
        var asked = _sequence.Next();
        await Do("list Instances", () =>
        {
            foreach (var ((at, id), instance) in store.Instances)
            {
                if (at == host.Name)
                    _listed[id] = new InstanceReading(asked, instance);
            }
        });
    }

    /// <summary>An Instance of this host changed: what was listed of it is out of date.</summary>
    public void Notice(string id) => _listed.Remove(id);

    /// <summary>An operation for an instance; the watch may call it off once, when the Instance is deleted.</summary>
    private Task<T> Of<T>(string id, string what, Func<T> operation) => Do($"{what} {id}", () =>
    {
        if (!World.Calm && store.Instances.GetValueOrDefault((host.Name, id)) is { Metadata.DeletionTimestamp: not null } terminating && World.Random.Next(4) == 0 && _calledOff.Add(terminating.Metadata.Uid!))
        {
            World.Note("  called off");
            throw new OperationCanceledException();
        }

        return operation();
    });

    /// <summary>An answer is on its way for a while.</summary>
    private async Task<T> AnswerAsync<T>(Task<T> read)
    {
        var answer = await read;
        await Do("look at the answer", () => { });
        return answer;
    }

    private Task<bool> Of(string id, string what, Action operation) => Of(id, what, () =>
    {
        operation();
        return true;
    });

    Task<InstanceReading> IInstanceApi.ReadAsync(string instanceID, CancellationToken cancel)
    {
        var asked = _sequence.Next();
        return AnswerAsync(Of(instanceID, "read Instance", () => new InstanceReading(asked, store.Instances.GetValueOrDefault((host.Name, instanceID)))));
    }

    Task<LedgerReading> IInstanceApi.ReadLedgerAsync(string instanceID, CancellationToken cancel)
    {
        var asked = _sequence.Next();
        return AnswerAsync(Of(instanceID, "read entry", () => new LedgerReading(asked, LedgerEntries.EntriesOf(store.Ledgers.GetValueOrDefault(host.Name), instanceID))));
    }

    Task<Instance> IInstanceApi.WriteStatusAsync(Instance read, InstanceStatus status, CancellationToken cancel)
    {
        if (IsSame(read.Status, status))
            return Task.FromResult(read);
        return Of(read.Metadata.Name!, $"write status ({status.PowerState}, failure {status.Failure?.Epoch}) of", () =>
            store.Write(host.Name, read with { Status = status }, true) ?? throw Refused());
    }

    async Task IInstanceApi.DropFinalizerAsync(Instance instance, CancellationToken cancel)
    {
        var id = instance.Metadata.Name!;
        for (var now = instance; now is not null && now.Metadata.Uid == instance.Metadata.Uid; now = await Of(id, "read Instance", () => store.Instances.GetValueOrDefault((host.Name, id))))
        {
            var finalizers = (now.Metadata.Finalizers ?? []).Where(f => f != ApiGroup.AgentFinalizer).ToArray();
            if (finalizers.Length == now.Metadata.Finalizers?.Count)
                return;
            var wanted = now with { Metadata = now.Metadata with { Finalizers = finalizers } };
            if (await Of(id, "drop agent finalizer of", () => store.Write(host.Name, wanted, false)) is not null)
                return;
        }
    }

    Task<HostView> IGuestHost.ViewAsync(bool matters, CancellationToken cancel)
    {
        var renewed = _renewed is not null && model.Off.HasFlag(Rules.LeaseFirst) ? new Moment(0) : _renewed;
        if (HeldFor is not null)
            _wasHeld = true;
        else if (_wasHeld)
            (_wasHeld, _heldUntil) = (false, _sequence.Next());
        return Task.FromResult(new HostView($"boot-{_boot}", renewed, _renewed is not null, false, DateTimeOffset.UnixEpoch.AddSeconds(World.Steps)) { HeldFor = HeldFor, HeldUntil = _heldUntil });
    }

    Task<DomainView?> IGuestHost.LookAsync(string instanceID, CancellationToken cancel) => Of(instanceID, "look at domain", () =>
        host.Domains.GetValueOrDefault(instanceID) is { } domain ? new DomainView(domain.State, true, domain.Epoch, domain.ClaimID) { Server = domain.Server } : null);

    InstanceRecord? IGuestHost.Record(string instanceID) => host.Records.GetValueOrDefault(instanceID);

    long? IGuestHost.TombstoneEpoch(string instanceID) =>
        (!model.Off.HasFlag(Rules.Tombstones) || store.Instances.GetValueOrDefault((host.Name, instanceID)) is not { Metadata.DeletionTimestamp: null }) && host.Tombstones.TryGetValue(instanceID, out var epoch) ? epoch : null;

    bool IGuestHost.FilesExist(string instanceID) => host.Files.Contains(instanceID);

    async Task<Preparation> IGuestHost.PrepareAsync(Instance instance, InstanceRecord? record, Func<InstanceStep, StepProgress?, CancellationToken, Task> tell, CancellationToken cancel)
    {
        var id = instance.Metadata.Name!;
        await Of(id, "make disks of", () => host.Files.Add(id));
        if (World.Random.Next(8) == 0)
            await tell(InstanceStep.Disks, null, cancel);
        if (model.Refusing.Contains(host.Name) || (model.BuildsFail && World.Random.NextDouble() < 0.15))
            throw new BuildFailure(InstanceStep.Define, "NotDefined", "libvirt refuses the domain", elsewhere: World.Calm || World.Random.Next(5) > 0);
        await Of(id, $"define e{instance.Spec.Epoch} of", () =>
        {
            var before = host.Domains.GetValueOrDefault(id);
            host.Domains[id] = new MemoryDomain(before?.State ?? PowerState.Shutdown, instance.Spec.Epoch, instance.Spec.ClaimID, "p/s");
        });
        return new Preparation(_sequence.Next(), instance.Metadata.Uid, instance.Metadata.Generation) { MachineType = "m", CpuModel = "c", ImageDigest = "d", Disks = Model.Disks };
    }

    Task IGuestHost.StartAsync(Instance instance, InstanceRecord record, CancellationToken cancel)
    {
        var id = instance.Metadata.Name!;
        return Of(id, $"virDomainCreate e{instance.Spec.Epoch}", () =>
        {
            if (!host.Domains.TryGetValue(id, out var domain))
                throw new InvalidOperationException("there is no such domain");
            if (!World.Calm && domain.State != PowerState.Running && World.Random.Next(20) == 0)
            {
                host.Domains[id] = domain with { State = PowerState.Paused };
                World.Note("  libvirtd dies before its CPUs run");
                throw new InvalidOperationException("libvirtd is gone");
            }

            Run(id, domain);
        });
    }

    Task IGuestHost.ResumeAsync(string instanceID, CancellationToken cancel) => Of(instanceID, "virDomainResume", () =>
    {
        if (host.Domains.TryGetValue(instanceID, out var domain) && domain.State == PowerState.Paused)
            Run(instanceID, domain);
    });

    Task IGuestHost.StopAsync(string instanceID, CancellationToken cancel) => Of(instanceID, "virDomainShutdown", () =>
    {
        if (host.Domains.TryGetValue(instanceID, out var domain))
            host.Domains[instanceID] = domain with { State = PowerState.Shutdown };
        model.Invariants.SeeOff(host.Name, instanceID);
    });

    Task IGuestHost.RemoveDomainAsync(string instanceID, CancellationToken cancel) => Of(instanceID, "virDomainDestroy", () =>
    {
        NotUnderHold(instanceID, "destroyed");
        if (host.Domains.Remove(instanceID, out var domain))
            model.Tell(model.Invariants.SeeDestroyed(host.Name, instanceID, domain.Epoch));
    });

    Task IGuestHost.RemoveFilesAsync(string instanceID, CancellationToken cancel) => Of(instanceID, "remove files of", () =>
    {
        host.Files.Remove(instanceID);
    });

    Task IGuestHost.WriteRecordAsync(InstanceRecord record, CancellationToken cancel) => Of(record.InstanceID, $"fsync record e{record.Epoch} {record.Run} of", () => host.Records[record.InstanceID] = record);

    Task IGuestHost.RemoveRecordAsync(string instanceID, CancellationToken cancel) => Of(instanceID, "remove record of", () =>
    {
        host.Records.Remove(instanceID);
    });

    Task IGuestHost.WriteTombstoneAsync(string instanceID, long epoch, CancellationToken cancel) => Of(instanceID, $"fsync tombstone e{epoch} of", () =>
    {
        host.Tombstones[instanceID] = Math.Max(epoch, host.Tombstones.GetValueOrDefault(instanceID));
    });

    private void Run(string id, MemoryDomain domain)
    {
        NotUnderHold(id, "started");
        if (domain.State == PowerState.Running)
            return;
        host.Domains[id] = domain with { State = PowerState.Running };
        host.Started++;
        model.Count("starts");
        model.Tell(model.Invariants.SeeRunning(host.Name, id, domain.Epoch));
    }

    /// <summary>R9: what a round began before the restore may still come about; nothing that was begun since.</summary>
    private void NotUnderHold(string id, string what)
    {
        if (store.Held && _busy[id] == store.Generation)
            model.Tell($"{id} was {what} on {host.Name} while the restored store is held");
    }

    // As a merge patch does: what is equal is not written. The time of a condition changes only with its state.
    private static bool IsSame(InstanceStatus? before, InstanceStatus after) =>
        before is not null && before with { Conditions = null } == after with { Conditions = null } && (before.Conditions ?? []).SequenceEqual(after.Conditions ?? []);

    private static KubernetesException Refused() => new(new KubernetesStatus { Code = (int)HttpStatusCode.Conflict, Reason = "Conflict" }, "write status");
}
