using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.Integration.Cluster;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Watch;

namespace Kilonova.Integration.Scenarios;

/// <summary>
/// Watches every ledger from outside while a scenario runs, and computes anew, from the agents' facts and the admin's ratios, whether one promised
/// more than it has, or an instance ID is promised under the same number on two hosts.
/// </summary>
public sealed class LedgerWatch : IAsyncDisposable
{
    private readonly KubernetesClient client;
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<string> violations = new();
    private readonly ConcurrentDictionary<string, HypervisorSpec> settings;
    private readonly ConcurrentDictionary<string, ResourceProvider> ledgers = new();
    private readonly Task watching;

    private LedgerWatch(KubernetesClient client, IEnumerable<Hypervisor> hypervisors, IEnumerable<ResourceProvider> providers, string version)
    {
        this.client = client;
        settings = new(hypervisors.Select(h => KeyValuePair.Create(h.Metadata.Name!, h.Spec)));
        foreach (var provider in providers)
            Judge(provider);
        watching = WatchAsync(version);
    }

    /// <summary>Ledger versions that were judged.</summary>
    public int Judged { get; private set; }

    /// <summary>What was wrong, if anything ever was.</summary>
    public IReadOnlyCollection<string> Violations => violations;

    /// <summary>Begins to watch.</summary>
    public static async Task<LedgerWatch> StartAsync(TestCluster cluster)
    {
        var client = cluster.Connect();
        var hypervisors = await client.Resource(ResourceType.Of(CrdsJsonContext.Default.Hypervisor)).ListAsync(WatchScope.Cluster, null, default);
        var providers = await client.Resource(ResourceType.Of(CrdsJsonContext.Default.ResourceProvider)).ListAsync(WatchScope.Cluster, null, default);
        return new LedgerWatch(client, hypervisors.Items, providers.Items, providers.ResourceVersion);
    }

    /// <summary>Stops, and fails the test when a ledger was ever wrong.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await watching;
        client.Dispose();
        stop.Dispose();
        Assert.Empty(violations);
        Assert.True(Judged > 0, "no ledger was ever seen");
    }

    private async Task WatchAsync(string version)
    {
        var resource = client.Resource(ResourceType.Of(CrdsJsonContext.Default.ResourceProvider));
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var watch = await resource.WatchAsync(WatchScope.Cluster, version, null, stop.Token);
                await foreach (var change in watch.WithCancellation(stop.Token))
                {
                    version = change.ResourceVersion ?? version;
                    if (change.Object is { } ledger)
                        Judge(ledger);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is KubernetesConnectionException or IOException or HttpRequestException)
            {
                // The scenario killed the API server: watch on from the version that was seen last, nothing is missed.
            }
        }
    }

    private void Judge(ResourceProvider ledger)
    {
        Judged++;
        ledgers[ledger.Metadata.Name!] = ledger;
        var spec = settings.GetValueOrDefault(ledger.Metadata.Name!);
        foreach (var fact in ledger.Spec.Inventories ?? [])
        {
            var (ratio, reserved) = fact.ResourceClass switch
            {
                "VCPU" => (spec?.CpuAllocationRatio ?? 4.0, spec?.ReservedHostCpus ?? 0),
                "MEMORY_MB" => (spec?.RamAllocationRatio ?? 1.0, spec?.ReservedHostMemoryMiB ?? 512),
                "DISK_GB" => (spec?.DiskAllocationRatio ?? 1.0, spec?.ReservedHostDiskGiB ?? 0),
                _ => (1.0, 0L),
            };
            var promised = (ledger.Status?.Allocations ?? []).Sum(a => a.Resources.GetValueOrDefault(fact.ResourceClass));
            if (promised > (long)((fact.Total - reserved) * ratio))
                violations.Enqueue($"{ledger.Metadata.Name}: {promised} {fact.ResourceClass} promised of {fact.Total} - {reserved}, ratio {ratio}");
        }

        var twice = ledgers.Values.SelectMany(l => (l.Status?.Allocations ?? []).Select(a => (a.Id, a.Epoch, a.ClaimID)))
            .GroupBy(a => (a.Id, a.Epoch, a.ClaimID)).Where(g => g.Count() > 1);
        foreach (var claim in twice)
            violations.Enqueue($"claim {claim.Key} is in two ledgers");
    }
}
