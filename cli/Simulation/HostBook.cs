using Kilonova.Cli.Clusters;
using Kilonova.Crds;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Cli.Simulation;

/// <summary>Hosts with their ledgers, and what else decisions rest on, as it changes while servers are placed.</summary>
internal sealed class HostBook : IFlavorCatalog, IServerDirectory
{
    /// <summary>Mark of the claims that are made here; those of the operator are random.</summary>
    public const string ClaimID = "simulated";

    private readonly ClusterObjects objects;
    private readonly SortedDictionary<string, Hypervisor> hypervisors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ResourceProvider> providers;
    private readonly Dictionary<string, Flavor> flavors;
    private readonly Dictionary<string, Image> images;
    private readonly Dictionary<string, Network> networks;
    private readonly Dictionary<string, Server> servers;
    private readonly Dictionary<string, ServerGroup> groups;
    private readonly List<string> notes;
    private readonly Dictionary<string, int> burdens;

    public HostBook(ClusterObjects objects)
    {
        this.objects = objects;
        notes = [.. objects.Notes];
        foreach (var hypervisor in objects.Hypervisors) hypervisors[hypervisor.Metadata.Name!] = hypervisor;
        providers = objects.Providers.ToDictionary(p => p.Metadata.Name!, StringComparer.Ordinal);
        flavors = objects.Flavors.ToDictionary(f => f.Metadata.Name!, StringComparer.Ordinal);
        images = objects.Images.ToDictionary(i => ClusterObjects.KeyOf(i.Metadata), StringComparer.Ordinal);
        networks = objects.Networks.ToDictionary(n => n.Metadata.Name!, StringComparer.Ordinal);
        servers = objects.Servers.ToDictionary(s => ClusterObjects.KeyOf(s.Metadata), StringComparer.Ordinal);
        groups = objects.Groups.ToDictionary(g => ClusterObjects.KeyOf(g.Metadata), StringComparer.Ordinal);

        burdens = new Dictionary<string, int>(objects.Burdens, StringComparer.Ordinal);
        foreach (var server in objects.Servers.Where(HostActivity.Burdens)) burdens[server.Status!.Host!] = burdens.GetValueOrDefault(server.Status.Host!) + 1;

        Snapshot.ApplyAggregates([.. objects.Aggregates.Select(AggregateFacts.Of)]);
        foreach (var host in hypervisors.Keys) Snapshot.Apply(FactsOf(host));
        foreach (var provider in providers.Keys.Where(p => !hypervisors.ContainsKey(p)).Order(StringComparer.Ordinal))
            notes.Add($"ResourceProvider {provider} does not count: there is no Hypervisor of that name.");
        foreach (var server in objects.Servers.Where(s => s.Status?.Host is not null)) CountBound(server, server.Status!.Host!);
    }

    /// <summary>What decisions are taken on.</summary>
    public Snapshot Snapshot { get; } = new();

    /// <summary>What was found and does not add up, for people.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Servers that are on no host and are to be placed, oldest first; those of the same age in the order in which they were found.</summary>
    public IEnumerable<Server> Pending => objects.Servers
        .Where(s => s.Status?.Host is null && s.Metadata.DeletionTimestamp is null)
        .OrderBy(s => s.Metadata.CreationTimestamp ?? DateTimeOffset.MaxValue);

    /// <inheritdoc/>
    public Flavor? Flavor(string name) => flavors.GetValueOrDefault(name);

    /// <inheritdoc/>
    public Image? Image(string @namespace, string name) => images.GetValueOrDefault($"{@namespace}/{name}");

    /// <inheritdoc/>
    public Server? Server(string @namespace, string name) => servers.GetValueOrDefault($"{@namespace}/{name}");

    /// <inheritdoc/>
    public ServerGroup? ServerGroup(string @namespace, string name) => groups.GetValueOrDefault($"{@namespace}/{name}");

    /// <summary>A snapshot of one host alone, for questions of that host.</summary>
    public Snapshot Alone(string host)
    {
        var snapshot = new Snapshot();
        snapshot.ApplyAggregates([.. objects.Aggregates.Select(AggregateFacts.Of)]);
        snapshot.Apply(FactsOf(host));
        return snapshot;
    }

    /// <summary>All that is known of a host.</summary>
    public HostFacts FactsOf(string host)
    {
        var activity = new HostActivity { IoOperations = burdens.GetValueOrDefault(host) };
        return HostFacts.Of(hypervisors[host], providers.GetValueOrDefault(host), AggregatesOf(host), up: !objects.Down.Contains(host), activity: activity);
    }

    /// <summary>What a server asks of hosts.</summary>
    /// <param name="server">The server.</param>
    /// <param name="found">Its flavor and image.</param>
    /// <param name="context">What its hints name.</param>
    public SchedulingRequest RequestOf(Server server, ServerReferences.Found found, RequestContext context)
    {
        var attached = new List<NetworkSpec>();
        foreach (var name in (server.Spec.Networks ?? []).Select(n => n.Network).Distinct())
        {
            if (networks.TryGetValue(name, out var network)) attached.Add(network.Spec);
            else notes.Add($"Server {ClusterObjects.KeyOf(server.Metadata)}: Network {name} is not here; that it may be near a NUMA cell does not count.");
        }

        return SchedulingRequest.For(server, found.Flavor.Spec, found.Image?.Spec, context: context with { Networks = NumaNetworks.Of(attached) });
    }

    /// <summary>The ledger of a host; null before its agent has made one.</summary>
    public ResourceProvider? Provider(string host) => providers.GetValueOrDefault(host);

    /// <summary>What a host may promise.</summary>
    public EffectiveInventory InventoryOf(string host) => EffectiveInventory.Of(providers.GetValueOrDefault(host)?.Spec, hypervisors[host].Spec, AggregatesOf(host));

    /// <summary>Claims room on a host; when there is some, it is taken.</summary>
    public ClaimResult Claim(string host, SchedulingRequest request, Server server) => Claim(host, request, server, (server.Status?.PlacementEpoch ?? 0) + 1);

    private ClaimResult Claim(string host, SchedulingRequest request, Server server, long epoch)
    {
        if (Provider(host) is not { } provider) return new ClaimResult.Refused(Ledger.Name, "the host has no ResourceProvider");
        var result = Ledger.Claim(provider, InventoryOf(host), request, IdentityOf(server, request.InstanceID, epoch));
        if (result is ClaimResult.Claimed claimed)
        {
            Write(host, claimed.Allocations);
            Join(server, request.InstanceID, host, epoch);
        }

        return result;
    }

    /// <summary>What the ledger of a host holds for a server.</summary>
    public Allocation? Held(Server server) =>
        server.Status?.Host is { } host ? Provider(host)?.Status?.Allocations?.FirstOrDefault(a => a.Id == ServerReferences.InstanceID(server)) : null;

    /// <summary>Takes a server out of every ledger, to look at it as if it were to be placed. As a member of its group it does not count against itself anyway.</summary>
    public void Forget(Server server)
    {
        var id = ServerReferences.InstanceID(server)!;
        if (server.Status?.Host is { } on && HostActivity.Burdens(server) && hypervisors.ContainsKey(on))
        {
            burdens[on]--;
            Snapshot.Apply(FactsOf(on));
        }

        foreach (var (host, provider) in providers.ToList())
        {
            if (hypervisors.ContainsKey(host) && provider.Status?.Allocations is { } held && held.Any(a => a.Id == id)) Write(host, [.. held.Where(a => a.Id != id)]);
        }
    }

    private static ClaimIdentity IdentityOf(Server server, string id, long epoch) =>
        new(id, epoch, ClaimID, $"Server/{server.Metadata.Namespace}/{server.Metadata.Name}");

    private List<Aggregate> AggregatesOf(string host) => AggregateMetadata.Of(objects.Aggregates, hypervisors[host].Metadata);

    private void Write(string host, IReadOnlyList<Allocation> allocations)
    {
        var provider = providers[host];
        providers[host] = provider with { Status = (provider.Status ?? new ResourceProviderStatus()) with { Allocations = allocations } };
        Snapshot.Apply(FactsOf(host));
    }

    /// <summary>A bound server counts on its host: by its entry in the ledger, or, in manifests without one, by what its flavor claims.</summary>
    private void CountBound(Server server, string host)
    {
        var key = ClusterObjects.KeyOf(server.Metadata);
        var id = ServerReferences.InstanceID(server)!;
        var epoch = server.Status!.PlacementEpoch ?? 1;
        Join(server, id, host, epoch);
        if (!hypervisors.ContainsKey(host) || Provider(host) is not { } provider)
        {
            notes.Add($"Server {key} does not count: it is on {host}, which is no host with a ResourceProvider here.");
            return;
        }

        if (provider.Status?.Allocations?.Any(a => a.Id == id) == true) return;
        if (ServerReferences.Of(server, this) is not ServerReferences.Found found)
        {
            notes.Add($"Server {key} does not count on {host}: the ledger has no entry of it, and its flavor or image is not here.");
            return;
        }

        var request = RequestOf(server, found, new RequestContext());
        if (Claim(host, request, server, epoch) is not ClaimResult.Refused refused) return;
        notes.Add($"Server {key} is on {host}, where there is no room for it: {refused.Step}: {refused.Message}. It counts there all the same.");
        Snapshot.View.TryRow(host, out var row);
        var entry = Ledger.Expect(Snapshot.View.Numa(row), request, IdentityOf(server, id, epoch), FactsOf(host));
        Write(host, [.. provider.Status?.Allocations ?? [], entry]);
    }

    private void Join(Server server, string id, string host, long epoch)
    {
        if (server.Spec.SchedulerHints?.Group is not { } name) return;
        var key = $"{server.Metadata.Namespace}/{name}";
        if (!groups.TryGetValue(key, out var group) || group.Status?.Members?.Any(m => m.InstanceID == id) == true) return;
        var member = new GroupMember { Server = server.Metadata.Name!, InstanceID = id, Epoch = epoch, ClaimID = ClaimID, Host = host };
        groups[key] = group with { Status = (group.Status ?? new ServerGroupStatus()) with { Members = [.. group.Status?.Members ?? [], member] } };
    }
}
