using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;

namespace Kilonova.Operator.Tests.Live;

/// <summary>
/// Hosts without libvirt: inventory, Leases, and answers to Instances, all played by one process. For the scheduler and for counts of API writes;
/// what guests really do is shown on hosts with QEMU.
/// </summary>
public sealed class HollowHosts : IAsyncDisposable
{
    private readonly ApiResources _api;
    private readonly Informer<Instance> _instances;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, Task> _actors = new();
    private readonly Dictionary<string, Lease> _leases = [];
    private readonly List<Task> _running = [];

    public HollowHosts(KubernetesClient client)
    {
        _api = new ApiResources(client);
        _instances = new(_api.Instances, WatchScope.AllNamespaces);
        _instances.OnChange(change =>
        {
            if (change.New is { } instance)
                Serve(NamespacedName.Of(instance));
        });
    }

    /// <summary>Why a host cannot build an Instance; null when it can.</summary>
    public Func<string, Instance, InstanceFailure?> Fails { get; set; } = (_, _) => null;

    /// <summary>Whether a host answers at all.</summary>
    public Func<string, bool> Answers { get; set; } = _ => true;

    /// <summary>Guests that run: instance ID to the hosts it runs on. More than one host for an ID is the worst that can happen.</summary>
    public ConcurrentDictionary<(string Id, string Host), bool> Guests { get; } = new();

    /// <summary>Adds hosts that can take <paramref name="slots"/> guests of one VCPU and 64 MiB each.</summary>
    public async Task AddAsync(int count, int slots, string prefix = "host")
    {
        for (var i = 0; i < count; i++)
        {
            var name = $"{prefix}-{i}";
            await _api.Hypervisors.CreateAsync(new Hypervisor { ApiVersion = ApiGroup.ApiVersion, Kind = "Hypervisor", Metadata = new() { Name = name }, Spec = new() { ReservedHostMemoryMiB = 0, CpuAllocationRatio = 1 } });
            await _api.Providers.CreateAsync(new ResourceProvider
            {
                ApiVersion = ApiGroup.ApiVersion,
                Kind = "ResourceProvider",
                Metadata = new() { Name = name },
                Spec = new()
                {
                    HostID = Guid.NewGuid().ToString(),
                    Inventories = [new() { ResourceClass = "VCPU", Total = slots }, new() { ResourceClass = "MEMORY_MB", Total = slots * 64L }, new() { ResourceClass = "DISK_GB", Total = slots }],
                },
            });
            await Eventually.Is(async () => await _api.Namespaces.GetAsync(new NamespacedName(ApiGroup.HostNamespace(name))) is not null, $"namespace of {name}");
            await BeatAsync(name);
        }
    }

    /// <summary>Renews a host's Lease once.</summary>
    public async Task BeatAsync(string host)
    {
        var spec = new LeaseSpec { HolderIdentity = host, LeaseDurationSeconds = 60, RenewTime = DateTimeOffset.UtcNow };
        _leases[host] = _leases.TryGetValue(host, out var lease)
            ? await _api.Leases.PatchChangesAsync(lease, lease with { Spec = spec })
            : await _api.Leases.CreateAsync(new Lease { Metadata = new() { Name = ApiGroup.AgentLeaseName, Namespace = ApiGroup.HostNamespace(host) }, Spec = spec });
    }

    /// <summary>A host's Lease was deleted; it makes a new one.</summary>
    public Task ForgetLeaseAsync(string host)
    {
        _leases.Remove(host);
        return BeatAsync(host);
    }

    public void Start()
    {
        _running.Add(_instances.RunAsync(_stop.Token));
        _running.Add(BeatAllAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        await Task.WhenAll(_actors.Values);
        foreach (var host in _leases.Keys)
        {
            await _api.Leases.DeleteAsync(_leases[host]);
            await _api.Providers.DeleteAsync((await _api.Providers.GetAsync(new NamespacedName(host)))!);
            await _api.Hypervisors.DeleteAsync((await _api.Hypervisors.GetAsync(new NamespacedName(host)))!);
        }

        _stop.Dispose();
    }

    private async Task BeatAllAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(20), _stop.Token);
                foreach (var host in _leases.Keys.ToArray())
                {
                    try
                    {
                        await BeatAsync(host);
                    }
                    catch (Exception e) when (e is KubernetesConnectionException or KubernetesException)
                    {
                        // The next beat comes.
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>One actor per Instance, as the protocol demands of an agent.</summary>
    private void Serve(NamespacedName key)
    {
        lock (_actors)
            _actors[$"{key}"] = After(_actors.GetValueOrDefault($"{key}") ?? Task.CompletedTask, key);

        async Task After(Task before, NamespacedName name)
        {
            await before;
            for (var tries = 0; !_stop.IsCancellationRequested; tries++)
            {
                try
                {
                    await ServeAsync(name);
                    return;
                }
                catch (KubernetesException e) when (e.IsGuardFailure && tries < 20)
                {
                }
                catch (Exception e) when (e is KubernetesConnectionException or KubernetesException { IsTransient: true })
                {
                    await Task.Delay(200);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private async Task ServeAsync(NamespacedName key)
    {
        var host = key.Namespace![ApiGroup.HostNamespacePrefix.Length..];
        if (!Answers(host) || _instances.Get(key) is null)
            return;
        if (await _api.Instances.GetAsync(key, _stop.Token) is not { } instance)
            return;
        var id = instance.Metadata.Name!;

        if (instance.Metadata.DeletionTimestamp is not null)
        {
            if (instance.Metadata.Finalizers?.Contains(ApiGroup.AgentFinalizer) != true)
                return;
            Guests.TryRemove((id, host), out _);
            var others = instance.Metadata.Finalizers.Where(f => f != ApiGroup.AgentFinalizer).ToArray();
            await _api.Instances.PatchChangesAsync(instance, instance with { Metadata = instance.Metadata with { Finalizers = others } }, cancel: _stop.Token);
            return;
        }

        if (instance.Spec.Wanted != InstancePresence.Present || instance.Status?.Failure is not null
            || instance.Status?.ObservedGeneration == instance.Metadata.Generation)
            return;
        if (Fails(host, instance) is { } failure)
        {
            await WriteAsync(instance, new InstanceStatus { ObservedGeneration = instance.Metadata.Generation, Failure = failure });
            return;
        }

        var provider = await _api.Providers.GetAsync(new NamespacedName(host), _stop.Token);
        if (provider?.Status?.Allocations?.Any(a => a.Id == id && a.Epoch == instance.Spec.Epoch && a.ClaimID == instance.Spec.ClaimID) != true)
            return;
        var on = instance.Spec.PowerState == WantedPowerState.Running;
        if (on)
            Guests[(id, host)] = true;
        else
            Guests.TryRemove((id, host), out _);
        await WriteAsync(instance, (instance.Status ?? new InstanceStatus()) with
        {
            ObservedGeneration = instance.Metadata.Generation,
            Epoch = instance.Spec.Epoch,
            PowerState = on ? PowerState.Running : PowerState.Shutdown,
            StartedAt = instance.Status?.StartedAt ?? (on ? DateTimeOffset.UtcNow : null),
        });
    }

    private Task<Instance> WriteAsync(Instance instance, InstanceStatus status) =>
        _api.Instances.PatchChangesAsync(instance, instance with { Status = status }, "status", _stop.Token);
}
