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
    public HostBits InAggregate(string aggregate) => snapshot.Aggregates.With(aggregate);

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

    /// <summary>What aggregates say of a weigher's multiplier, by row.</summary>
    /// <param name="key">Metadata key, for instance <c>ram_weight_multiplier</c>.</param>
    /// <returns>NaN where they say nothing; empty when none ever said anything.</returns>
    public ReadOnlySpan<double> MultiplierOverrides(string key) => snapshot.MultipliersFor(key);
}
