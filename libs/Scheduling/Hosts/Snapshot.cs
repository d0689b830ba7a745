using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Hosts;

/// <summary>
/// All hosts as the scheduler sees them: one array or bit set for each property, one row for each host, kept up host by host. Not thread-safe: one thread
/// applies hosts and decides, or a lock of the caller's holds both.
/// </summary>
public sealed class Snapshot
{
    private const int FirstRows = 64;
    private readonly Dictionary<string, int> rowOf = new(StringComparer.Ordinal);
    private readonly Stack<int> freeRows = new();
    private readonly List<ResourceColumn> resources = [];
    private readonly Dictionary<string, double[]> multipliers = new(StringComparer.Ordinal);
    private string?[] names = new string?[FirstRows];
    private string?[] disabledReasons = new string?[FirstRows];
    private string?[] blockedReasons = new string?[FirstRows];
    private long[] diskAvailableLeast = new long[FirstRows];
    private HostCapabilities[] capabilities = Filled(FirstRows);
    private IReadOnlyDictionary<string, double>?[] metrics = new IReadOnlyDictionary<string, double>?[FirstRows];
    private readonly Dictionary<string, CpuDocument> cpus = new(StringComparer.Ordinal);
    private int[] ioOperations = new int[FirstRows];
    private int[] failedBuilds = new int[FirstRows];
    private int[] guests = new int[FirstRows];
    private ImmutableArray<Provider>[] children = NoChildren(FirstRows);
    private long[] usedNow = new long[8];
    private int rowsInUse;

    /// <summary>Creates an empty snapshot. VCPU, MEMORY_MB and DISK_GB always have a column.</summary>
    public Snapshot()
    {
        Column(ResourceClass.Vcpu);
        Column(ResourceClass.MemoryMb);
        Column(ResourceClass.DiskGb);
    }

    /// <summary>Hosts that are known.</summary>
    public int Count => rowOf.Count;

    /// <summary>Grows with each change.</summary>
    public long Version { get; private set; }

    /// <summary>The snapshot as filters and weighers get it: to read.</summary>
    public SnapshotView View => new(this);

    internal int RowLimit => rowsInUse;

    internal int Rows => names.Length;

    internal HostBitmap Existing { get; } = new(FirstRows);

    internal HostBitmap Up { get; } = new(FirstRows);

    internal HostBitmap Disabled { get; } = new(FirstRows);

    internal HostBitmap Blocked { get; } = new(FirstRows);

    internal LabelBitmaps Traits { get; } = new(FirstRows);

    internal AggregateIndex Aggregates { get; } = new(FirstRows);

    internal IReadOnlyList<AggregateFacts> AllAggregates { get; private set; } = [];

    internal LabelBitmaps Zones { get; } = new(FirstRows);

    internal InstanceIndex Instances { get; } = new(FirstRows);

    internal NumaStates Numa { get; } = new(FirstRows);

    /// <summary>Resource classes that are offered below hosts.</summary>
    internal LabelBitmaps ChildClasses { get; } = new(FirstRows);

    internal ReadOnlySpan<ImmutableArray<Provider>> Children => children;

    internal ReadOnlySpan<string?> Names => names;

    internal ReadOnlySpan<string?> DisabledReasons => disabledReasons;

    internal ReadOnlySpan<string?> BlockedReasons => blockedReasons;

    internal ReadOnlySpan<long> DiskAvailableLeast => diskAvailableLeast;

    internal ReadOnlySpan<HostCapabilities> Capabilities => capabilities;

    internal ReadOnlySpan<IReadOnlyDictionary<string, double>?> Metrics => metrics;

    /// <summary>Hosts with any guest that burdens their disks.</summary>
    internal int Burdened { get; private set; }

    /// <summary>Hosts with any build that failed.</summary>
    internal int Failing { get; private set; }

    internal ReadOnlySpan<int> IoOperations => ioOperations;

    internal ReadOnlySpan<int> FailedBuilds => failedBuilds;

    internal ReadOnlySpan<int> Guests => guests;

    /// <summary>Takes in what is known of a host now. Costs some microseconds and touches no other host.</summary>
    /// <param name="facts">The whole of what is known of it.</param>
    /// <returns>What of this may help a server that was rejected.</returns>
    public ClusterEvents Apply(HostFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        Version++;
        var events = ClusterEvents.None;
        if (!rowOf.TryGetValue(facts.Name, out var row))
        {
            row = AddRow(facts.Name);
            events |= ClusterEvents.HostAdded;
        }

        if (facts.Up && !Up[row]) events |= ClusterEvents.HostUp;
        if (!facts.Disabled && Disabled[row]) events |= ClusterEvents.HostEnabled;
        if (facts.Blocked is null && Blocked[row]) events |= ClusterEvents.HostUnblocked;
        Up[row] = facts.Up;
        Disabled[row] = facts.Disabled;
        Blocked[row] = facts.Blocked is not null;
        disabledReasons[row] = facts.DisabledReason;
        blockedReasons[row] = facts.Blocked;
        if (diskAvailableLeast[row] != (facts.DiskAvailableLeastGiB ?? long.MaxValue)) events |= ClusterEvents.FiguresChanged;
        diskAvailableLeast[row] = facts.DiskAvailableLeastGiB ?? long.MaxValue;

        events |= ApplyResources(row, facts);
        if (ApplyChildren(row, facts)) events |= ClusterEvents.CapacityGrown;
        if (Numa.Replace(row, facts)) events |= ClusterEvents.CapacityGrown;
        if (Zones.Replace(row, facts.Zones)) events |= ClusterEvents.ZonesChanged;
        if (Traits.Replace(row, facts.Traits)) events |= ClusterEvents.TraitsChanged;
        if (Aggregates.Replace(row, facts.Aggregates)) events |= ClusterEvents.AggregatesChanged;
        events |= Instances.Replace(row, facts.Allocations);
        events |= ApplyActivity(row, facts.Activity);
        if (!capabilities[row].SaysTheSame(facts.Capabilities))
        {
            capabilities[row] = facts.Capabilities.SharingCpu(cpus);
            events |= ClusterEvents.CapabilitiesChanged;
        }

        ApplyMultipliers(row, facts.WeightMultipliers);
        return events;
    }

    /// <summary>Takes in all aggregates that there are, those without members too: they can name a project whose servers then have no host.</summary>
    /// <param name="aggregates">All of them.</param>
    /// <returns><see cref="ClusterEvents.AggregatesChanged"/> if any came, went or says something else.</returns>
    public ClusterEvents ApplyAggregates(IReadOnlyList<AggregateFacts> aggregates)
    {
        ArgumentNullException.ThrowIfNull(aggregates);
        var same = AllAggregates.Count == aggregates.Count && AllAggregates.Zip(aggregates).All(p => p.First.SaysTheSame(p.Second));
        AllAggregates = aggregates;
        if (same) return ClusterEvents.None;
        Version++;
        return ClusterEvents.AggregatesChanged;
    }

    /// <summary>Forgets a host.</summary>
    /// <param name="name">Name of the Hypervisor.</param>
    /// <returns>Whether it was known. An instance whose entry went with it may fit elsewhere: treat it as <see cref="ClusterEvents.InstanceLeft"/>.</returns>
    public bool Remove(string name)
    {
        if (!rowOf.TryGetValue(name, out var row)) return false;
        Apply(new HostFacts { Name = name, Inventory = EffectiveInventory.None, Up = false });
        rowOf.Remove(name);
        names[row] = null;
        Existing[row] = false;
        freeRows.Push(row);
        return true;
    }

    internal bool TryRow(string name, out int row) => rowOf.TryGetValue(name, out row);

    internal ResourceColumn? FindColumn(string resourceClass)
    {
        foreach (var column in resources)
            if (column.Class == resourceClass) return column;
        return null;
    }

    internal ReadOnlySpan<double> MultipliersFor(string key) => multipliers.GetValueOrDefault(key);

    private ClusterEvents ApplyActivity(int row, HostActivity activity)
    {
        var events = ClusterEvents.None;
        var guestsNow = activity.Instances ?? Instances.On(row).Length;
        if (activity.IoOperations < ioOperations[row] || guestsNow < guests[row]) events |= ClusterEvents.LoadFell;
        if (activity.IoOperations != ioOperations[row] || activity.FailedBuilds != failedBuilds[row] || guestsNow != guests[row]) events |= ClusterEvents.FiguresChanged;
        if (!HostActivity.SameMetrics(metrics[row], activity.Metrics)) events |= ClusterEvents.MetricsChanged;
        Burdened += (activity.IoOperations != 0 ? 1 : 0) - (ioOperations[row] != 0 ? 1 : 0);
        Failing += (activity.FailedBuilds != 0 ? 1 : 0) - (failedBuilds[row] != 0 ? 1 : 0);
        ioOperations[row] = activity.IoOperations;
        failedBuilds[row] = activity.FailedBuilds;
        guests[row] = guestsNow;
        metrics[row] = activity.Metrics;
        return events;
    }

    /// <summary>Nearly no host has providers below it.</summary>
    private bool ApplyChildren(int row, HostFacts facts)
    {
        var before = children[row];
        if (before.IsEmpty && facts.Inventory.Children.IsEmpty) return false;
        var after = HostTree.WithUse(facts.Inventory.Children, facts.Allocations);
        children[row] = after;
        ChildClasses.Replace(row, [.. after.SelectMany(p => p.Inventories).Select(i => i.ResourceClass).Distinct().Order(StringComparer.Ordinal)]);
        return after.Any(p => before.FirstOrDefault(b => b.Name == p.Name) is not { } was || !was.Traits.SequenceEqual(p.Traits)
            || p.Inventories.Any(i => !was.TryGet(i.ResourceClass, out var old, out var used) || i.Capacity - p.Used[i.ResourceClass] > old.Capacity - used || i.MaxUnit > old.MaxUnit));
    }

    private static ImmutableArray<Provider>[] NoChildren(int rows)
    {
        var none = new ImmutableArray<Provider>[rows];
        Array.Fill(none, []);
        return none;
    }

    private static HostCapabilities[] Filled(int rows)
    {
        var filled = new HostCapabilities[rows];
        Array.Fill(filled, HostCapabilities.Unknown);
        return filled;
    }

    private ClusterEvents ApplyResources(int row, HostFacts facts)
    {
        foreach (var inventory in facts.Inventory.Inventories) Column(inventory.ResourceClass);
        Sum(facts.Allocations);
        var events = ClusterEvents.None;
        for (var i = 0; i < resources.Count; i++)
        {
            facts.Inventory.TryGet(resources[i].Class, out var inventory);
            events |= resources[i].Set(row, inventory, usedNow[i]);
        }

        return events;
    }

    /// <summary>Sums the ledger into <see cref="usedNow"/>. The maps that come from the wire are Dictionaries, whose enumerator allocates nothing.</summary>
    private void Sum(IReadOnlyList<Allocation> allocations)
    {
        Array.Clear(usedNow);
        for (var i = 0; i < allocations.Count; i++)
        {
            if (allocations[i].Resources is Dictionary<string, long> amounts)
                foreach (var (resourceClass, amount) in amounts) Sum(resourceClass, amount);
            else
                foreach (var (resourceClass, amount) in allocations[i].Resources) Sum(resourceClass, amount);
        }
    }

    private void Sum(string resourceClass, long amount)
    {
        for (var i = 0; i < resources.Count; i++)
        {
            if (resources[i].Class != resourceClass) continue;
            usedNow[i] = Ledger.Add(usedNow[i], amount);
            return;
        }
    }

    private void ApplyMultipliers(int row, IReadOnlyDictionary<string, double>? overrides)
    {
        foreach (var (key, column) in multipliers)
            column[row] = overrides is not null && overrides.TryGetValue(key, out var value) ? value : double.NaN;
        if (overrides is null) return;
        foreach (var (key, value) in overrides)
        {
            if (multipliers.ContainsKey(key)) continue;
            var column = new double[Rows];
            Array.Fill(column, double.NaN);
            column[row] = value;
            multipliers[key] = column;
        }
    }

    private ResourceColumn Column(string resourceClass)
    {
        if (FindColumn(resourceClass) is { } known) return known;
        var column = new ResourceColumn(resourceClass, Rows);
        resources.Add(column);
        if (usedNow.Length < resources.Count) Array.Resize(ref usedNow, resources.Count * 2);
        return column;
    }

    private int AddRow(string name)
    {
        if (!freeRows.TryPop(out var row))
        {
            row = rowsInUse++;
            if (row == Rows) Resize(Rows * 2);
        }

        rowOf[name] = row;
        names[row] = name;
        Existing[row] = true;
        return row;
    }

    private void Resize(int rows)
    {
        Array.Resize(ref names, rows);
        Array.Resize(ref disabledReasons, rows);
        Array.Resize(ref blockedReasons, rows);
        Array.Resize(ref diskAvailableLeast, rows);
        var known = capabilities.Length;
        Array.Resize(ref capabilities, rows);
        Array.Fill(capabilities, HostCapabilities.Unknown, known, rows - known);
        Array.Resize(ref metrics, rows);
        Array.Resize(ref ioOperations, rows);
        Array.Resize(ref failedBuilds, rows);
        Array.Resize(ref guests, rows);
        Array.Resize(ref children, rows);
        Array.Fill(children, [], known, rows - known);
        ChildClasses.Resize(rows);
        Existing.Resize(rows);
        Up.Resize(rows);
        Disabled.Resize(rows);
        Blocked.Resize(rows);
        Traits.Resize(rows);
        Aggregates.Resize(rows);
        Zones.Resize(rows);
        Instances.Resize(rows);
        Numa.Resize(rows);
        foreach (var column in resources) column.Resize(rows);
        foreach (var key in multipliers.Keys.ToArray())
        {
            var column = multipliers[key];
            var old = column.Length;
            Array.Resize(ref column, rows);
            Array.Fill(column, double.NaN, old, rows - old);
            multipliers[key] = column;
        }
    }
}
