using Kilonova.Crds;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Servers;
using Kilonova.Scheduling;

namespace Kilonova.Operator.Cluster;

/// <summary>
/// All objects that the operator looks at, in memory. Always late, and never what a guarded write rests on: it says what to look at, and
/// what the scheduler decides from.
/// </summary>
public sealed class ClusterCache : ICatalog
{
    private readonly Index<Server> _serversById;
    private readonly Index<Server> _serversByHost;
    private readonly Index<Instance> _instancesById;
    private readonly Index<ResourceProvider> _providersById;
    private readonly Index<Hypervisor> _straysById;
    private readonly Index<ServerGroup> _groupsById;
    private long _released;

    /// <summary>Creates the informers; they do nothing until they are run.</summary>
    public ClusterCache(ApiResources api)
    {
        ArgumentNullException.ThrowIfNull(api);
        Servers = new(api.Servers, WatchScope.AllNamespaces);
        Instances = new(api.Instances, WatchScope.AllNamespaces);
        Providers = new(api.Providers, WatchScope.Cluster);
        Hypervisors = new(api.Hypervisors, WatchScope.Cluster);
        // One name for the Leases of all agents, so that one selector leaves out every other Lease of the cluster.
        Leases = new(api.Leases, WatchScope.AllNamespaces, new InformerOptions<Lease> { FieldSelector = $"metadata.name={ApiGroup.AgentLeaseName}" });
        Flavors = new(api.Flavors, WatchScope.Cluster);
        Images = new(api.Images, WatchScope.AllNamespaces);
        KeyPairs = new(api.KeyPairs, WatchScope.AllNamespaces);
        Networks = new(api.Networks, WatchScope.Cluster);
        Aggregates = new(api.Aggregates, WatchScope.Cluster);
        Cells = new(api.Cells, WatchScope.Cluster);
        Groups = new(api.Groups, WatchScope.AllNamespaces);
        SigningRequests = new(api.SigningRequests, WatchScope.Cluster, new InformerOptions<CertificateSigningRequest> { FieldSelector = $"spec.signerName={CertificateSigningRequest.ApiClientSigner}" });

        _serversById = Servers.AddIndex(GuardedReader.InstanceIDOf);
        _serversByHost = Servers.AddIndex(s => s.Status?.Host);
        // One outside the hosts' namespaces orders nothing; LeaderWork says so.
        _instancesById = Instances.AddIndex(i => PlacementProtocol.HostOf(i) is null ? null : i.Metadata.Name);
        _providersById = Providers.AddIndex(IdsOf);
        _groupsById = Groups.AddIndex(g => (g.Status?.Members ?? []).Select(m => m.InstanceID).Distinct(StringComparer.Ordinal));
        _straysById = Hypervisors.AddIndex(h => (h.Status?.Strays ?? []).Select(s => s.InstanceID));
    }

    /// <summary>Servers of all projects.</summary>
    public Informer<Server> Servers { get; }

    /// <summary>Instances of all hosts.</summary>
    public Informer<Instance> Instances { get; }

    /// <summary>Ledgers.</summary>
    public Informer<ResourceProvider> Providers { get; }

    /// <summary>Hosts.</summary>
    public Informer<Hypervisor> Hypervisors { get; }

    /// <summary>Heartbeats of the hosts' agents.</summary>
    public Informer<Lease> Leases { get; }

    /// <summary>Flavors.</summary>
    public Informer<Flavor> Flavors { get; }

    /// <summary>Images.</summary>
    public Informer<Image> Images { get; }

    /// <summary>Public keys.</summary>
    public Informer<KeyPair> KeyPairs { get; }

    /// <summary>Networks.</summary>
    public Informer<Network> Networks { get; }

    /// <summary>Aggregates.</summary>
    public Informer<Aggregate> Aggregates { get; }

    /// <summary>Cells.</summary>
    public Informer<Cell> Cells { get; }

    /// <summary>Server groups of all projects.</summary>
    public Informer<ServerGroup> Groups { get; }

    /// <summary>Requests for certificates of clients; whoever asks.</summary>
    public Informer<CertificateSigningRequest> SigningRequests { get; }

    /// <summary>Whether every first list is in.</summary>
    public bool HasSynced => Servers.HasSynced && Instances.HasSynced && Providers.HasSynced && Hypervisors.HasSynced && Leases.HasSynced
        && Flavors.HasSynced && Images.HasSynced && KeyPairs.HasSynced && Networks.HasSynced && Aggregates.HasSynced && Cells.HasSynced && Groups.HasSynced
        && SigningRequests.HasSynced;

    /// <summary>Follows the API server until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(
        Servers.RunAsync(cancellation), Instances.RunAsync(cancellation), Providers.RunAsync(cancellation), Hypervisors.RunAsync(cancellation),
        Leases.RunAsync(cancellation), Flavors.RunAsync(cancellation), Images.RunAsync(cancellation), KeyPairs.RunAsync(cancellation),
        Networks.RunAsync(cancellation), Aggregates.RunAsync(cancellation), Cells.RunAsync(cancellation), Groups.RunAsync(cancellation),
        SigningRequests.RunAsync(cancellation));

    /// <summary>Waits until every first list is in.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellation) => Task.WhenAll(
        Servers.WaitForSyncAsync(cancellation), Instances.WaitForSyncAsync(cancellation), Providers.WaitForSyncAsync(cancellation),
        Hypervisors.WaitForSyncAsync(cancellation), Leases.WaitForSyncAsync(cancellation), Flavors.WaitForSyncAsync(cancellation),
        Images.WaitForSyncAsync(cancellation), KeyPairs.WaitForSyncAsync(cancellation), Networks.WaitForSyncAsync(cancellation),
        Aggregates.WaitForSyncAsync(cancellation), Cells.WaitForSyncAsync(cancellation), Groups.WaitForSyncAsync(cancellation),
        SigningRequests.WaitForSyncAsync(cancellation));

    /// <summary>The Server of an instance ID.</summary>
    public Server? Server(string instanceID) => _serversById.Get(instanceID) is [var server, ..] ? server : null;

    /// <summary>Servers bound to a host.</summary>
    public IReadOnlyList<Server> ServersOn(string host) => _serversByHost.Get(host);

    /// <summary>What the protocol reads of an instance ID, as last seen.</summary>
    public PlacementView View(string instanceID)
    {
        var server = Server(instanceID);
        var hosts = new SortedSet<string>(StringComparer.Ordinal);
        var instances = _instancesById.Get(instanceID);
        var providers = _providersById.Get(instanceID);
        foreach (var instance in instances)
            hosts.Add(PlacementProtocol.HostOf(instance)!);
        foreach (var provider in providers)
            hosts.Add(provider.Metadata.Name!);
        if (server?.Status?.Host is { } bound)
            hosts.Add(bound);

        var places = new List<Place>(hosts.Count);
        foreach (var host in hosts)
        {
            var provider = providers.FirstOrDefault(p => p.Metadata.Name == host);
            places.Add(new Place(host, instances.FirstOrDefault(i => PlacementProtocol.HostOf(i) == host), LedgerEntries.EntriesOf(provider, instanceID))
            {
                Gone = !Hypervisors.TryGet(new NamespacedName(host), out _),
            });
        }

        return new PlacementView(instanceID, server, places, StraysOf(instanceID)) { Held = IsHeld, Groups = GroupsOf(server, instanceID) };
    }

    /// <summary>
    /// Whether a restored store is held (R9): until the generation is complete, and this process has read since what the hosts said. Informers of different
    /// kinds are not equally old: one that shows the end of the hold says nothing of the strays that another has not seen yet.
    /// </summary>
    public bool IsHeld => Cells.Get(new NamespacedName(CellNames.Local))?.Spec.Generation is { } generation && generation > Interlocked.Read(ref _released);

    /// <summary>The generation is complete, and what the hosts said by then is in this cache.</summary>
    public void Release(long generation) => Interlocked.Exchange(ref _released, generation);

    /// <summary>Where an instance ID's Server is to be found: by the Server, or by what was left of it.</summary>
    public static PlacementKey? KeyOf(PlacementView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        if (view.Server is { Metadata: { Namespace: { } ns, Name: { } name } })
            return new PlacementKey(view.InstanceID, ns, name);
        foreach (var place in view.Places)
        {
            if (place.Instance is { Spec.Server: { } reference })
                return new PlacementKey(view.InstanceID, reference.Namespace, reference.Name);
            foreach (var entry in place.Entries)
            {
                if (Holder.ServerOf(entry) is { } held)
                    return new PlacementKey(view.InstanceID, held.Namespace, held.Name);
            }
        }

        foreach (var group in view.Groups)
        {
            if (group.Members.Count > 0)
                return new PlacementKey(view.InstanceID, group.Namespace, group.Members[0].Server);
        }

        return null;
    }

    /// <summary>Every instance ID that anything is known of.</summary>
    public IReadOnlySet<string> Ids()
    {
        var ids = new HashSet<string>(Servers.Count, StringComparer.Ordinal);
        foreach (var server in Servers.List())
            ids.Add(GuardedReader.InstanceIDOf(server));
        foreach (var instance in Instances.List())
        {
            if (PlacementProtocol.HostOf(instance) is not null)
                ids.Add(instance.Metadata.Name!);
        }

        foreach (var provider in Providers.List())
            ids.UnionWith(IdsOf(provider));
        foreach (var group in Groups.List())
            ids.UnionWith((group.Status?.Members ?? []).Select(m => m.InstanceID));
        return ids;
    }

    /// <inheritdoc/>
    public Flavor? Flavor(string name) => Flavors.Get(new NamespacedName(name));

    /// <inheritdoc/>
    public Image? Image(string @namespace, string name) => Images.Get(new NamespacedName(@namespace, name));

    /// <inheritdoc/>
    public KeyPair? KeyPair(string @namespace, string name) => KeyPairs.Get(new NamespacedName(@namespace, name));

    /// <inheritdoc/>
    public Network? Network(string name) => Networks.Get(new NamespacedName(name));

    /// <inheritdoc/>
    Server? IServerDirectory.Server(string @namespace, string name) => Servers.Get(new NamespacedName(@namespace, name));

    /// <inheritdoc/>
    public ServerGroup? ServerGroup(string @namespace, string name) => Groups.Get(new NamespacedName(@namespace, name));

    private static IEnumerable<string> IdsOf(ResourceProvider provider) => (provider.Status?.Allocations ?? []).Select(a => a.Id).Distinct(StringComparer.Ordinal);

    private IReadOnlyList<SeatsInGroup> GroupsOf(Server? server, string instanceID)
    {
        var seated = _groupsById.Get(instanceID);
        var named = server is not null && GroupKey.Of(server) is { } key ? ServerGroup(key.Namespace, key.Name) : null;
        if (seated.Count == 0 && named is null)
            return [];
        var groups = named is null || seated.Any(g => g.Metadata.Name == named.Metadata.Name) ? seated : [.. seated, named];
        return [.. groups.Select(g => GroupSeats.Of(g, instanceID))];
    }

    private List<Stray> StraysOf(string instanceID)
    {
        var strays = new List<Stray>();
        foreach (var hypervisor in _straysById.Get(instanceID))
        {
            foreach (var stray in hypervisor.Status!.Strays!)
            {
                if (stray.InstanceID == instanceID)
                    strays.Add(new Stray(hypervisor.Metadata.Name!, stray.Epoch));
            }
        }

        return strays;
    }
}
