using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Cli.Clusters;

/// <summary>Reads from a cluster what a question rests on, and no more: hosts as lists, what is named by name.</summary>
internal sealed class ClusterReader(KubernetesClient client, TimeProvider time)
{
    private readonly List<string> notes = [];

    /// <summary>Hosts, a Server, and what it names.</summary>
    /// <exception cref="BadInputException">There is no such Server.</exception>
    public async Task<ClusterObjects> AroundServerAsync(string ns, string name, CancellationToken cancel)
    {
        var all = client.Resource(ResourceType.Of(CrdsJsonContext.Default.Server));
        var server = await all.GetAsync(new NamespacedName(ns, name), cancel)
            ?? throw new BadInputException($"server \"{name}\" does not exist in namespace \"{ns}\"");
        var servers = new List<Server> { server };
        var hints = server.Spec.SchedulerHints;
        foreach (var other in (hints?.SameHost ?? []).Concat(hints?.DifferentHost ?? []).Distinct().Where(o => o != name))
        {
            if (await all.GetAsync(new NamespacedName(ns, other), cancel) is { } found) servers.Add(found);
        }

        var group = hints?.Group is { } groupName
            ? await client.Resource(ResourceType.Of(CrdsJsonContext.Default.ServerGroup)).GetAsync(new NamespacedName(ns, groupName), cancel)
            : null;
        var around = await ReferencesAsync(server.Spec.Flavor, server.Spec.Image is { } image ? new NamespacedName(image.Namespace ?? ns, image.Name) : null, cancel);
        var networks = new List<Network>();
        foreach (var network in (server.Spec.Networks ?? []).Select(n => n.Network).Distinct())
        {
            if (await client.Resource(ResourceType.Of(CrdsJsonContext.Default.Network)).GetAsync(new NamespacedName(network), cancel) is { } found) networks.Add(found);
        }

        var known = servers.Select(s => s.Metadata.Uid).ToHashSet();
        return around with
        {
            Servers = servers,
            Groups = group is null ? [] : [group],
            Networks = networks,
            Burdens = await BurdensAsync(s => !known.Contains(s.Metadata.Uid), cancel),
        };
    }

    /// <summary>Hosts, a Flavor, and an Image.</summary>
    public async Task<ClusterObjects> AroundFlavorAsync(string flavor, NamespacedName? image, CancellationToken cancel) =>
        await ReferencesAsync(flavor, image, cancel) with { Burdens = await BurdensAsync(_ => true, cancel) };

    private async Task<ClusterObjects> ReferencesAsync(string flavor, NamespacedName? image, CancellationToken cancel)
    {
        var foundFlavor = await client.Resource(ResourceType.Of(CrdsJsonContext.Default.Flavor)).GetAsync(new NamespacedName(flavor), cancel);
        var foundImage = image is { } key ? await client.Resource(ResourceType.Of(CrdsJsonContext.Default.Image)).GetAsync(key, cancel) : null;
        var hosts = await HostsAsync(cancel);
        return hosts with
        {
            Flavors = foundFlavor is null ? [] : [foundFlavor],
            Images = foundImage is null ? [] : [foundImage],
        };
    }

    /// <summary>How many guests are being built on each host.</summary>
    private async Task<IReadOnlyDictionary<string, int>> BurdensAsync(Func<Server, bool> counts, CancellationToken cancel)
    {
        try
        {
            var building = await client.Resource(ResourceType.Of(CrdsJsonContext.Default.Server)).ListAsync(
                WatchScope.AllNamespaces, new ListOptions { FieldSelector = $"status.phase={ServerPhase.Build}" }, cancel);
            return building.Items.Where(s => HostActivity.Burdens(s) && counts(s)).GroupBy(s => s.Status!.Host!).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        }
        catch (KubernetesException e) when (e.IsForbidden)
        {
            notes.Add($"Servers of all namespaces may not be listed ({e.Message}): that hosts build some does not count.");
            return new Dictionary<string, int>();
        }
    }

    private async Task<ClusterObjects> HostsAsync(CancellationToken cancel)
    {
        var hypervisors = await ListAsync(ResourceType.Of(CrdsJsonContext.Default.Hypervisor), cancel);
        return new ClusterObjects
        {
            Hypervisors = hypervisors,
            Providers = await ListAsync(ResourceType.Of(CrdsJsonContext.Default.ResourceProvider), cancel),
            Aggregates = await ListAsync(ResourceType.Of(CrdsJsonContext.Default.Aggregate), cancel),
            Down = await DownAsync(hypervisors, cancel),
            Notes = notes,
        };
    }

    /// <summary>Hosts whose agent has not renewed its Lease in time, by this machine's clock.</summary>
    private async Task<IReadOnlySet<string>> DownAsync(IReadOnlyList<Hypervisor> hypervisors, CancellationToken cancel)
    {
        try
        {
            var leases = await client.Resource(CoreResources.Leases).ListAsync(
                WatchScope.AllNamespaces, new ListOptions { FieldSelector = $"metadata.name={ApiGroup.AgentLeaseName}" }, cancel);
            var renewed = leases.Items.ToDictionary(l => l.Metadata.Namespace!, l => l.Spec?.RenewTime, StringComparer.Ordinal);
            var now = time.GetUtcNow();
            return hypervisors.Select(h => h.Metadata.Name!)
                .Where(h => renewed.GetValueOrDefault(ApiGroup.HostNamespace(h)) is not { } at || (now - at).Duration() >= HostFacts.HeartbeatExpiry)
                .ToHashSet(StringComparer.Ordinal);
        }
        catch (KubernetesException e) when (e.IsForbidden)
        {
            notes.Add($"Leases may not be read ({e.Message}): every host is taken to be up.");
            return new HashSet<string>();
        }
    }

    private async Task<IReadOnlyList<T>> ListAsync<T>(ResourceType<T> type, CancellationToken cancel)
        where T : Crds.Meta.KubernetesObject
    {
        var list = await client.Resource(type).ListAsync(WatchScope.Cluster, cancel: cancel);
        foreach (var failure in list.Failures) notes.Add($"{type.Kind} {failure.Key} does not count: it cannot be read: {failure.Error}");
        return list.Items;
    }
}
