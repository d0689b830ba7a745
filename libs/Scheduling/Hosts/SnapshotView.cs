using System.Collections.Immutable;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Hosts;

/// <summary>
/// The snapshot as filters and weighers get it. Nothing can be changed through it. Hosts are rows; a row may be unused, but no set of survivors ever holds
/// an unused one. Spans are indexed by row.
/// </summary>
public readonly struct SnapshotView
{
    private readonly Snapshot snapshot;

    internal SnapshotView(Snapshot snapshot) => this.snapshot = snapshot;

    /// <summary>Hosts that are known.</summary>
    public int Count => snapshot.Count;

    /// <summary>Hosts that are known.</summary>
    public HostBits Existing => snapshot.Existing.Bits;

    /// <summary>Hosts whose agent is heard of.</summary>
    public HostBits Up => snapshot.Up.Bits;

    /// <summary>Hosts that the admin disabled.</summary>
    public HostBits Disabled => snapshot.Disabled.Bits;

    /// <summary>Hosts that are held back.</summary>
    public HostBits Blocked => snapshot.Blocked.Bits;

    /// <summary>Hosts in at least one availability zone; the others are in the default zone.</summary>
    public HostBits InSomeZone => snapshot.Zones.Any.Bits;

    /// <summary>GiB that can really be had; <see cref="long.MaxValue"/> where not known.</summary>
    public ReadOnlySpan<long> DiskAvailableLeastGiB => snapshot.DiskAvailableLeast;

    /// <summary>Name of a host.</summary>
    /// <param name="row">Row of the host.</param>
    /// <returns>Name of the Hypervisor; empty for an unused row.</returns>
    public string Name(int row) => snapshot.Names[row] ?? "";

    /// <summary>Why the admin disabled a host.</summary>
    /// <param name="row">Row of the host.</param>
    /// <returns>The reason, if one was given.</returns>
    public string? DisabledReason(int row) => snapshot.DisabledReasons[row];

    /// <summary>Why a host is held back.</summary>
    /// <param name="row">Row of the host.</param>
    /// <returns>The reason; null when it is not held back.</returns>
    public string? BlockedReason(int row) => snapshot.BlockedReasons[row];

    /// <summary>Looks up a host.</summary>
    /// <param name="name">Name of the Hypervisor.</param>
    /// <param name="row">Row of the host.</param>
    /// <returns>False when it is not known.</returns>
    public bool TryRow(string name, out int row) => snapshot.TryRow(name, out row);

    /// <summary>Hosts of an availability zone.</summary>
    /// <param name="zone">Name of the zone.</param>
    /// <returns>Empty when nobody is in it.</returns>
    public HostBits InZone(string zone) => snapshot.Zones.With(zone);

    /// <summary>Availability zones of a host.</summary>
    /// <param name="row">Row of the host.</param>
    /// <returns>None means the default zone.</returns>
    public IReadOnlyList<string> ZonesOf(int row) => snapshot.Zones.Of(row);

    /// <summary>Hosts with a trait.</summary>
    /// <param name="trait">Name of the trait.</param>
    /// <returns>Empty when nobody has it.</returns>
    public HostBits WithTrait(string trait) => snapshot.Traits.With(trait);

    /// <summary>Members of an aggregate.</summary>
    /// <param name="aggregate">Name of the Aggregate.</param>
    /// <returns>Empty when it has no members.</returns>
    public HostBits InAggregate(string aggregate) => snapshot.Aggregates.Names.With(aggregate);

    /// <summary>Aggregates of a host.</summary>
    /// <param name="row">Row of the host.</param>
    /// <returns>In order of their names.</returns>
    public IReadOnlyList<AggregateFacts> AggregatesOf(int row) => snapshot.Aggregates.Of(row);

    /// <summary>Number of aggregates that have members; one that is being changed counts once for each of its versions.</summary>
    public int AggregateCount => snapshot.Aggregates.VersionCount;

    /// <summary>One of the aggregates.</summary>
    /// <param name="index">Below <see cref="AggregateCount"/>.</param>
    /// <returns>What it says.</returns>
    public AggregateFacts Aggregate(int index) => snapshot.Aggregates.FactsOf(index);

    /// <summary>All aggregates that there are, as far as the snapshot was told; some may have no members.</summary>
    public IReadOnlyList<AggregateFacts> AllAggregates => snapshot.AllAggregates;

    /// <summary>Members of one of the aggregates.</summary>
    /// <param name="index">Below <see cref="AggregateCount"/>.</param>
    /// <returns>Its members.</returns>
    public HostBits AggregateMembers(int index) => snapshot.Aggregates.HostsOf(index);

    /// <summary>What kind of host each is.</summary>
    public ReadOnlySpan<HostCapabilities> Capabilities => snapshot.Capabilities;

    /// <summary>Guests of each host that are in work which burdens disks.</summary>
    public ReadOnlySpan<int> IoOperations => snapshot.IoOperations;

    /// <summary>Builds of each host that failed since the last that succeeded.</summary>
    public ReadOnlySpan<int> FailedBuilds => snapshot.FailedBuilds;

    /// <summary>Whether any host has guests that burden its disks.</summary>
    public bool AnyIoOperations => snapshot.Burdened > 0;

    /// <summary>Whether any host has builds that failed.</summary>
    public bool AnyFailedBuilds => snapshot.Failing > 0;

    /// <summary>Guests of each host.</summary>
    public ReadOnlySpan<int> Guests => snapshot.Guests;

    /// <summary>Measured values of each host by name; null where there are none.</summary>
    public ReadOnlySpan<IReadOnlyDictionary<string, double>?> Metrics => snapshot.Metrics;

    /// <summary>Finds a resource class.</summary>
    /// <param name="resourceClass">Name of the class.</param>
    /// <param name="column">The class over all hosts.</param>
    /// <returns>False when no host ever offered it.</returns>
    public bool TryResource(string resourceClass, out ResourceColumnView column)
    {
        var found = snapshot.FindColumn(resourceClass);
        column = found is null ? default : found.View;
        return found is not null;
    }

    /// <summary>A resource class that every snapshot has: VCPU, MEMORY_MB or DISK_GB.</summary>
    /// <param name="resourceClass">Name of the class.</param>
    /// <returns>The class over all hosts.</returns>
    /// <exception cref="ArgumentException">It is another class; use <see cref="TryResource"/>.</exception>
    public ResourceColumnView Resource(string resourceClass) =>
        TryResource(resourceClass, out var column) ? column : throw new ArgumentException($"No host offers {resourceClass}.", nameof(resourceClass));

    /// <summary>Traits of a host itself.</summary>
    /// <param name="row">Row of the host.</param>
    /// <returns>Names.</returns>
    public IReadOnlyList<string> TraitsOf(int row) => snapshot.Traits.Of(row);

    /// <summary>Providers below a host, with what is promised of each.</summary>
    /// <param name="row">Row of the host.</param>
    /// <returns>None for a plain host.</returns>
    public ImmutableArray<Provider> Children(int row) => snapshot.Children[row];

    /// <summary>Hosts with a provider below them that offers a class.</summary>
    /// <param name="resourceClass">Name of the class.</param>
    /// <returns>Empty when nobody does.</returns>
    public HostBits WithChildrenThatOffer(string resourceClass) => snapshot.ChildClasses.With(resourceClass);

    /// <summary>Whether a provider below a host offers a class that a request asks for: then columns cannot judge the host.</summary>
    /// <param name="request">The request.</param>
    /// <param name="row">Row of the host.</param>
    /// <returns>False for nearly every host.</returns>
    public bool IsServedByTree(SchedulingRequest request, int row)
    {
        if (!snapshot.ChildClasses.Any[row]) return false;
        foreach (var resource in request.Resources)
            if (WithChildrenThatOffer(resource.ResourceClass).Contains(row)) return true;
        return false;
    }

    /// <summary>The same for 64 hosts at once.</summary>
    /// <param name="request">The request.</param>
    /// <param name="word">Rows <c>64 * word</c> and on.</param>
    /// <returns>A bit for each.</returns>
    internal ulong ServedByTree(SchedulingRequest request, int word)
    {
        var served = 0UL;
        if (!HasTrees) return served;
        foreach (var resource in request.Resources)
            if (WithChildrenThatOffer(resource.ResourceClass).Words is var words && word < words.Length) served |= words[word];
        return served;
    }

    /// <summary>Whether any host has providers below it.</summary>
    internal bool HasTrees => snapshot.ChildClasses.Any.Count > 0;

    /// <summary>Instances with a ledger entry on a host, sorted.</summary>
    /// <param name="row">Row of the host.</param>
    /// <returns>Instance IDs.</returns>
    public ReadOnlySpan<string> InstancesOn(int row) => snapshot.Instances.On(row);

    /// <summary>Whether a host holds a ledger entry of an instance.</summary>
    /// <param name="instanceID">Instance ID.</param>
    /// <param name="row">Row of the host.</param>
    /// <returns>True when it does.</returns>
    public bool Holds(string instanceID, int row) => snapshot.Instances.Holds(instanceID, row);

    /// <summary>Takes out the hosts that hold a ledger entry of an instance.</summary>
    /// <param name="instanceID">Instance ID.</param>
    /// <param name="survivors">The set that they are taken out of.</param>
    public void RemoveHolders(string instanceID, Survivors survivors) => snapshot.Instances.RemoveHolders(instanceID, survivors);

    /// <summary>Keeps only the hosts that hold a ledger entry of one of some instances.</summary>
    /// <param name="instanceIDs">Instance IDs.</param>
    /// <param name="survivors">The set that is narrowed.</param>
    public void KeepHolders(IReadOnlyList<string> instanceIDs, Survivors survivors) => snapshot.Instances.KeepHolders(instanceIDs, survivors);

    /// <summary>Finds the hosts that hold a ledger entry of an instance: nearly always one, two while it moves.</summary>
    /// <param name="instanceID">Instance ID.</param>
    /// <param name="rows">Their rows are added to this.</param>
    public void AddHolders(string instanceID, List<int> rows) => snapshot.Instances.AddHolders(instanceID, rows);

    /// <summary>Whether any host has a device that may be passed through.</summary>
    public bool AnyPciDevices => snapshot.Numa.WithDevices > 0;

    /// <summary>NUMA cells and PCI devices of a host, with what guests have of them.</summary>
    /// <param name="row">Row of the host.</param>
    /// <returns>Null for a host that reports neither.</returns>
    public HostTopology? Numa(int row) => snapshot.Numa.Of(row);

    /// <summary>How many hosts differ in the numbers of their NUMA cells: as many fits as a new topology costs.</summary>
    public int NumaStates => snapshot.Numa.Count;

    /// <summary>Whether a guest's cells fit a host. Hosts whose cells are equal in number share the answer.</summary>
    /// <param name="row">Row of the host.</param>
    /// <param name="wishes">The guest.</param>
    /// <returns>True when they do; false too for a host that reports no cells.</returns>
    public bool NumaFits(int row, NumaWishes wishes) => snapshot.Numa.Fits(row, wishes);

    /// <summary>What aggregates say of a weigher's multiplier, by row.</summary>
    /// <param name="key">Metadata key, for instance <c>ram_weight_multiplier</c>.</param>
    /// <returns>NaN where they say nothing; empty when none ever said anything.</returns>
    public ReadOnlySpan<double> MultiplierOverrides(string key) => snapshot.MultipliersFor(key);
}
