using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Hosts;
using Kilonova.Operator.Protocol;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Operator.Scheduling;

/// <summary>What the scheduler is told of a host, gathered from the objects that speak of it.</summary>
public sealed class HostPolicy(ClusterCache cache, HostLiveness liveness, BuildHistory builds)
{
    // What a host can do changes seldom and is read from long lists. Only the scheduling loop gathers facts.
    private readonly Dictionary<string, (HypervisorStatus? Of, HostCapabilities Capabilities)> _capabilities = new(StringComparer.Ordinal);

    /// <summary>All of a host; null when there is no Hypervisor of that name.</summary>
    /// <param name="host">Name of the Hypervisor.</param>
    /// <param name="assumed">Claims that were decided and are not in the ledger as seen yet.</param>
    public HostFacts? FactsOf(string host, IReadOnlyCollection<Allocation> assumed)
    {
        ArgumentNullException.ThrowIfNull(assumed);
        if (cache.Hypervisors.Get(new NamespacedName(host)) is not { } hypervisor)
        {
            _capabilities.Remove(host);
            return null;
        }

        var provider = cache.Providers.Get(new NamespacedName(host));
        var facts = HostFacts.Of(hypervisor, provider, AggregatesOf(hypervisor), liveness.IsUp(host), activity: ActivityOf(host), capabilities: CapabilitiesOf(hypervisor));
        return assumed.Count == 0 ? facts : facts with { Allocations = Union(facts.Allocations, assumed) };
    }

    /// <summary>What a host may promise, by the provider as just read.</summary>
    public EffectiveInventory InventoryOf(ResourceProvider provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return cache.Hypervisors.Get(new NamespacedName(provider.Metadata.Name!)) is { } hypervisor
            ? EffectiveInventory.Of(provider.Spec, hypervisor.Spec, AggregatesOf(hypervisor))
            : EffectiveInventory.None;
    }

    /// <summary>Zone of a host: that of its aggregates, or the default one.</summary>
    public string ZoneOf(string host, string defaultZone)
    {
        if (cache.Hypervisors.Get(new NamespacedName(host)) is not { } hypervisor)
            return defaultZone;
        return AggregatesOf(hypervisor).Select(a => a.Spec.AvailabilityZone).Where(z => !string.IsNullOrEmpty(z)).Order(StringComparer.Ordinal).FirstOrDefault() ?? defaultZone;
    }

    /// <summary>All aggregates, those without members too.</summary>
    public IReadOnlyList<AggregateFacts> Aggregates() => [.. cache.Aggregates.List().Select(AggregateFacts.Of)];

    /// <summary>What the hints of a server name, as last seen.</summary>
    public ServerReferences.Missing? Hints(Server server, out RequestContext context) => ServerReferences.Hints(server, cache, out context);

    /// <summary>Version of the group that a server names, as last seen; null when there is none.</summary>
    public string? GroupVersion(Server server) =>
        GroupKey.Of(server) is { } key ? cache.ServerGroup(key.Namespace, key.Name)?.Metadata.ResourceVersion : null;

    private HostActivity ActivityOf(string host)
    {
        var burdens = 0;
        foreach (var server in cache.ServersOn(host))
            burdens += HostActivity.Burdens(server) ? 1 : 0;
        return new HostActivity { IoOperations = burdens, FailedBuilds = builds.FailedOn(host) };
    }

    private HostCapabilities CapabilitiesOf(Hypervisor hypervisor)
    {
        var host = hypervisor.Metadata.Name!;
        if (!_capabilities.TryGetValue(host, out var known) || !ReferenceEquals(known.Of, hypervisor.Status))
            _capabilities[host] = known = (hypervisor.Status, HostCapabilities.Of(hypervisor));
        return known.Capabilities;
    }

    private List<Aggregate> AggregatesOf(Hypervisor hypervisor) =>
        AggregateMetadata.Of(cache.Aggregates.List(), hypervisor.Metadata);

    private static List<Allocation> Union(IReadOnlyList<Allocation> written, IReadOnlyCollection<Allocation> assumed)
    {
        var all = new List<Allocation>(written.Count + assumed.Count);
        all.AddRange(written);
        foreach (var claim in assumed)
        {
            if (!written.Any(w => w.Id == claim.Id))
                all.Add(claim);
        }

        return all;
    }
}
