using System.Globalization;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Protocol.Tests;

namespace Kilonova.Integration.Cluster;

/// <summary>
/// Watches a whole cluster from outside while a test runs, and judges by the statements that the simulated one is judged by (<see cref="Invariants"/>): ledgers and
/// Servers by their watches, guests by the QEMU processes and directories of the hosts. What looks wrong is read again by quorum first, since watches lag.
/// </summary>
/// <remarks>Guests of libvirt's test driver have no process; of such hosts only the ledgers are judged.</remarks>
public sealed class LiveInvariants : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>How long things may take to come to rest when a test ends.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly KubernetesClient client;
    private readonly HostProcesses hosts;
    private readonly Informer<Server> servers;
    private readonly Informer<ResourceProvider> ledgers;
    private readonly Informer<Hypervisor> hypervisors;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private readonly Invariants invariants;
    private readonly List<string> broken = [];
    private readonly Dictionary<string, long> versions = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Host, string Resource), long> capacities = [];
    private readonly HashSet<(string Host, string Id)> running = [];
    private readonly Dictionary<(string Host, string Id), long> directories = [];
    private readonly TaskCompletionSource looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task watching;
    private int judged;

    private LiveInvariants(TestCluster cluster, HostProcesses hosts)
    {
        client = cluster.Connect();
        this.hosts = hosts;
        invariants = new Invariants(CapacityOf);
        servers = new Informer<Server>(client.Resource(ResourceType.Of(CrdsJsonContext.Default.Server)), WatchScope.AllNamespaces);
        ledgers = new Informer<ResourceProvider>(client.Resource(ResourceType.Of(CrdsJsonContext.Default.ResourceProvider)), WatchScope.Cluster);
        hypervisors = new Informer<Hypervisor>(client.Resource(ResourceType.Of(CrdsJsonContext.Default.Hypervisor)), WatchScope.Cluster);
        servers.OnChange(change => Judge(change.New ?? change.Latest, change.New is null));
        ledgers.OnChange(change => Judge(change.New));
        hypervisors.OnChange(change => Note(change.New));
        watching = Task.WhenAll(hypervisors.RunAsync(stop.Token), servers.RunAsync(stop.Token), ledgers.RunAsync(stop.Token), ScanAsync());
    }

    /// <summary>Begins to watch; what runs by then is known when it comes back.</summary>
    public static async Task<LiveInvariants> StartAsync(TestCluster cluster)
    {
        var hosts = new HostProcesses(cluster);
        await hosts.FindAsync();
        var live = new LiveInvariants(cluster, hosts);
        await Task.WhenAll(live.hypervisors.WaitForSyncAsync(), live.servers.WaitForSyncAsync(), live.ledgers.WaitForSyncAsync(), live.looked.Task);
        return live;
    }

    /// <summary>Waits until everything has come to rest, stops, and fails the test when anything was ever wrong.</summary>
    public async ValueTask DisposeAsync()
    {
        // Where something was wrong already, nothing need come to rest.
        var orphans = IsBroken ? [] : await OrphansAsync();
        await stop.CancelAsync();
        await watching;
        client.Dispose();
        stop.Dispose();
        lock (gate)
        {
            Assert.True(broken.Count == 0, $"Never to be, and was:\n{string.Join('\n', broken)}");
            Assert.True(orphans.Count == 0, $"Left over {Patience.TotalSeconds} s after the test:\n{string.Join('\n', orphans)}");
            Assert.True(judged > 0, "no ledger was ever seen");
        }
    }

    private bool IsBroken
    {
        get
        {
            lock (gate)
                return broken.Count > 0;
        }
    }

    private void Note(Hypervisor? hypervisor)
    {
        if (hypervisor is null)
            return;
        lock (gate)
            Learn(hypervisor.Metadata.Name!, hypervisor.Spec);
    }

    /// <summary>A ratio that is lowered takes back no promise, so the highest capacity that there ever was counts.</summary>
    private void Learn(string host, HypervisorSpec spec)
    {
        foreach (var fact in ledgers.Get(new NamespacedName(host))?.Spec.Inventories ?? [])
        {
            var (ratio, reserved) = fact.ResourceClass switch
            {
                "VCPU" => (spec.CpuAllocationRatio ?? 4.0, spec.ReservedHostCpus ?? 0),
                "MEMORY_MB" => (spec.RamAllocationRatio ?? 1.0, spec.ReservedHostMemoryMiB ?? 512),
                "DISK_GB" => (spec.DiskAllocationRatio ?? 1.0, spec.ReservedHostDiskGiB ?? 0),
                _ => (1.0, 0L),
            };
            var capacity = (long)((fact.Total - reserved) * ratio);
            capacities[(host, fact.ResourceClass)] = Math.Max(capacity, capacities.GetValueOrDefault((host, fact.ResourceClass)));
        }
    }

    private Dictionary<string, long> CapacityOf(ResourceProvider ledger) =>
        capacities.Where(c => c.Key.Host == ledger.Metadata.Name).ToDictionary(c => c.Key.Resource, c => c.Value);

    private void Judge(ResourceProvider? ledger)
    {
        if (ledger is null)
            return;
        lock (gate)
        {
            if (!IsNewer(ledger))
                return;
            judged++;
            if (hypervisors.Get(new NamespacedName(ledger.Metadata.Name!)) is { } hypervisor)
                Learn(ledger.Metadata.Name!, hypervisor.Spec);
            var promised = (ledger.Status?.Allocations ?? []).Select(a => a.Id).ToHashSet(StringComparer.Ordinal);
            if (running.Any(r => r.Host == ledger.Metadata.Name && !promised.Contains(r.Id)))
                SeeEnded(hosts.Running());
            if (invariants.See(ledger) is { } wrong)
                _ = ConfirmAsync(ledger, wrong);
        }
    }

    private void Judge(Server server, bool gone)
    {
        lock (gate)
        {
            if (!IsNewer(server) && !gone)
                return;
            var id = IdOf(server);
            if (running.Any(r => r.Id == id && (gone || server.Status?.Host != r.Host)))
                SeeEnded(hosts.Running());
            Tell(gone ? invariants.SeeGone(server) : invariants.See(server));
        }
    }

    /// <summary>More is promised than was known to be there: the ratio may have been raised a moment ago.</summary>
    private async Task ConfirmAsync(ResourceProvider ledger, string wrong)
    {
        try
        {
            var hypervisor = await client.Resource(ResourceType.Of(CrdsJsonContext.Default.Hypervisor)).GetAsync(new NamespacedName(ledger.Metadata.Name!), stop.Token);
            lock (gate)
            {
                if (hypervisor is not null)
                    Learn(ledger.Metadata.Name!, hypervisor.Spec);
                Tell(invariants.See(ledgers.Get(new NamespacedName(ledger.Metadata.Name!)) ?? ledger));
            }
        }
        catch (Exception e) when (e is KubernetesException or KubernetesConnectionException or OperationCanceledException)
        {
            lock (gate)
                Tell($"{wrong} (not confirmed: {e.Message})");
        }
    }

    private async Task ScanAsync()
    {
        // Not on the starter's thread: scanning is work.
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await LookAsync();
                looked.TrySetResult();
            }
            catch (Exception e) when (e is KubernetesException or KubernetesConnectionException)
            {
                // The test has the API server away: what is to be confirmed waits until it is back.
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(Period, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAsync()
    {
        List<(string Host, string Id)> appeared;
        List<((string Host, string Id) Place, long Epoch)> vanished;
        lock (gate)
        {
            var now = hosts.Running();
            SeeEnded(now);
            appeared = [.. now.Where(r => !running.Contains(r))];
            var there = hosts.Directories();
            vanished = [.. directories.Where(d => !there.Contains(d.Key)).Select(d => (d.Key, d.Value))];
            foreach (var place in there)
            {
                if (EpochOf(place) is { } epoch)
                    directories[place] = epoch;
            }
        }

        if (appeared.Count + vanished.Count == 0)
            return;

        // By quorum, and after what was seen: the watches may not have told it yet.
        await ReadAsync();
        lock (gate)
        {
            var still = hosts.Running();
            foreach (var place in appeared.Where(still.Contains))
            {
                running.Add(place);
                Tell(invariants.SeeRunning(place.Host, place.Id, EpochOf(place) ?? 0));
            }

            foreach (var (place, epoch) in vanished)
            {
                directories.Remove(place);
                Tell(invariants.SeeDestroyed(place.Host, place.Id, epoch));
            }
        }
    }

    private async Task ReadAsync()
    {
        var freshLedgers = await client.Resource(ResourceType.Of(CrdsJsonContext.Default.ResourceProvider)).ListAsync(WatchScope.Cluster, null, stop.Token);
        var freshServers = await client.Resource(ResourceType.Of(CrdsJsonContext.Default.Server)).ListAsync(WatchScope.AllNamespaces, null, stop.Token);
        foreach (var ledger in freshLedgers.Items)
        {
            ledgers.Observe(ledger);
            Judge(ledger);
        }

        foreach (var server in freshServers.Items)
            Judge(server, gone: false);
    }

    private void SeeEnded(HashSet<(string Host, string Id)> now)
    {
        foreach (var place in running.Where(r => !now.Contains(r)).ToList())
        {
            running.Remove(place);
            invariants.SeeOff(place.Host, place.Id);
        }
    }

    /// <summary>Under which number a guest is promised on a host.</summary>
    private long? EpochOf((string Host, string Id) place) =>
        ledgers.Get(new NamespacedName(place.Host))?.Status?.Allocations?.FirstOrDefault(a => a.Id == place.Id)?.Epoch;

    private async Task<IReadOnlyList<string>> OrphansAsync()
    {
        var end = DateTime.UtcNow + Patience;
        while (true)
        {
            IReadOnlyList<string> orphans;
            try
            {
                await ReadAsync();
                var instances = await client.Resource(ResourceType.Of(CrdsJsonContext.Default.Instance)).ListAsync(WatchScope.AllNamespaces, null, stop.Token);
                lock (gate)
                    orphans = [.. Invariants.Orphans([.. servers.List()], ledgers.List(), instances.Items, hosts.Directories())];
            }
            catch (Exception e) when (e is KubernetesException or KubernetesConnectionException)
            {
                orphans = [$"The API server does not answer: {e.Message}"];
            }

            if (orphans.Count == 0 || DateTime.UtcNow > end)
                return orphans;
            await Task.Delay(Period);
        }
    }

    /// <summary>Whether this is not older than what was seen of the object: a watch and a read may cross.</summary>
    private bool IsNewer(KubernetesObject obj)
    {
        var version = long.Parse(obj.Metadata.ResourceVersion!, CultureInfo.InvariantCulture);
        var known = versions.GetValueOrDefault(obj.Metadata.Uid!);
        if (version <= known)
            return false;
        versions[obj.Metadata.Uid!] = version;
        return true;
    }

    private void Tell(string? wrong)
    {
        if (wrong is not null && !broken.Contains(wrong))
            broken.Add(wrong);
    }

    private static string IdOf(Server server) => server.Status?.InstanceID ?? server.Metadata.Uid!;
}
