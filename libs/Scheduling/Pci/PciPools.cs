using System.Collections.Immutable;
using Kilonova.Scheduling.Numa;

namespace Kilonova.Scheduling.Pci;

/// <summary>The free PCI devices of a host, in pools of like ones. Never changes.</summary>
public sealed class PciPools
{
    /// <summary>No devices.</summary>
    public static readonly PciPools None = new([]);

    /// <summary>Creates pools.</summary>
    /// <param name="pools">The pools, in the order in which they are drawn from.</param>
    public PciPools(ImmutableArray<PciPool> pools)
    {
        Pools = pools;
        foreach (var pool in pools)
        {
            Free += pool.Count;
            HasDevices |= !pool.Devices.IsEmpty;
        }
    }

    /// <summary>The pools.</summary>
    public ImmutableArray<PciPool> Pools { get; }

    /// <summary>Free devices in all.</summary>
    public int Free { get; }

    private bool HasDevices { get; }

    /// <summary>Free devices of a NUMA cell.</summary>
    /// <param name="cell">Number of the cell.</param>
    /// <returns>How many.</returns>
    public int FreeIn(int cell)
    {
        var free = 0;
        foreach (var pool in Pools)
            if (pool.NumaCell == cell) free += pool.Count;
        return free;
    }

    /// <summary>Whether the host has what is asked for, one request after the other.</summary>
    /// <param name="requests">What is asked for.</param>
    /// <param name="host">NUMA cells of the host.</param>
    /// <param name="cells">Numbers of the cells that the guest is on; empty for a guest without topology, to which any device is near.</param>
    /// <returns>True when it has.</returns>
    public bool Support(ImmutableArray<PciRequest> requests, ImmutableArray<HostCell> host, ReadOnlySpan<int> cells)
    {
        // Taking a virtual function takes its physical one away, and the other way round: only the devices tell.
        if (HasDevices && requests.Length > 1) return Take(requests, host, cells) is not null;
        Span<int> left = Pools.Length <= 64 ? stackalloc int[Pools.Length] : new int[Pools.Length];
        return Draw(requests, host, cells, left);
    }

    /// <summary>The pools without what a guest takes.</summary>
    /// <param name="requests">What it asks for.</param>
    /// <param name="host">NUMA cells of the host.</param>
    /// <param name="cells">Numbers of the cells that it is on; empty for a guest without topology.</param>
    /// <returns>What is left; null when the host lacks some.</returns>
    public PciPools? Without(ImmutableArray<PciRequest> requests, ImmutableArray<HostCell> host, ReadOnlySpan<int> cells)
    {
        if (HasDevices)
        {
            if (Take(requests, host, cells) is not { } taken) return null;
            var parents = Pools.SelectMany(p => p.Devices).Where(d => d.Parent is not null && taken.Contains(d.Address)).Select(d => d.Parent!).ToHashSet(StringComparer.Ordinal);
            return new PciPools([.. Pools.Select(pool =>
            {
                var free = pool.Devices.RemoveAll(d => taken.Contains(d.Address) || parents.Contains(d.Address) || (d.Parent is { } parent && taken.Contains(parent)));
                return pool with { Count = free.Length, Devices = free };
            })]);
        }

        var left = new int[Pools.Length];
        return Draw(requests, host, cells, left) ? new PciPools([.. Pools.Select((pool, i) => pool with { Count = left[i] })]) : null;
    }

    /// <summary>How many devices for a request each cell of the host can add at most; null where devices elsewhere would do.</summary>
    internal int[]? NearOnly(PciRequest request, ImmutableArray<HostCell> host)
    {
        if (request.Policy == PciNumaPolicy.Preferred) return null;
        var wantsPhysical = request.Wants("dev_type", PciPool.PhysicalFunction);
        var near = new int[host.Length];
        foreach (var pool in Pools)
        {
            if (pool.Count == 0 || !pool.Satisfies(request) || (pool.DeviceType == PciPool.PhysicalFunction && !wantsPhysical)) continue;
            if (pool.NumaCell is not { } cell)
            {
                if (request.Policy == PciNumaPolicy.Legacy) return null;
                continue;
            }

            for (var i = 0; i < host.Length; i++)
                if (host[i].Id == cell || (request.Policy == PciNumaPolicy.Socket && SharesSocket(host, [host[i].Id], cell))) near[i] += pool.Count;
        }

        return near;
    }

    /// <summary>Draws from the pools by number.</summary>
    private bool Draw(ImmutableArray<PciRequest> requests, ImmutableArray<HostCell> host, ReadOnlySpan<int> cells, Span<int> left)
    {
        Span<int> usable = Pools.Length <= 64 ? stackalloc int[Pools.Length] : new int[Pools.Length];
        for (var i = 0; i < left.Length; i++) left[i] = Pools[i].Count;
        foreach (var request in requests)
        {
            var found = Usable(request, host, cells, left, usable);
            if (found < 0) return false;
            var wanted = request.Count;
            for (var i = 0; i < found && wanted > 0; i++)
            {
                var taken = Math.Min(wanted, left[usable[i]]);
                left[usable[i]] -= taken;
                wanted -= taken;
            }
        }

        return true;
    }

    /// <summary>Chooses the devices.</summary>
    /// <param name="requests">What is asked for.</param>
    /// <param name="host">NUMA cells of the host.</param>
    /// <param name="cells">Numbers of the cells that the guest is on; empty for a guest without topology.</param>
    /// <returns>Addresses in the order of requests; null when the host lacks some.</returns>
    public ImmutableArray<string>? Take(ImmutableArray<PciRequest> requests, ImmutableArray<HostCell> host, ReadOnlySpan<int> cells)
    {
        var left = new int[Pools.Length];
        var usable = new int[Pools.Length];
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var parents = new HashSet<string>(StringComparer.Ordinal);
        var addresses = ImmutableArray.CreateBuilder<string>();
        foreach (var request in requests)
        {
            for (var i = 0; i < left.Length; i++) left[i] = Pools[i].Devices.Count(IsFree);
            var found = Usable(request, host, cells, left, usable);
            if (found < 0) return null;
            var wanted = request.Count;
            foreach (var device in usable.Take(found).SelectMany(i => Pools[i].Devices))
            {
                if (wanted == 0) break;
                if (!IsFree(device)) continue;
                taken.Add(device.Address);
                if (device.Parent is not null) parents.Add(device.Parent);
                addresses.Add(device.Address);
                wanted--;
            }

            if (wanted > 0) return null;
        }

        return addresses.ToImmutable();

        bool IsFree(PciFunction device) =>
            !taken.Contains(device.Address) && !parents.Contains(device.Address) && (device.Parent is null || !taken.Contains(device.Parent));
    }

    /// <summary>
    /// Finds the pools that a request may draw from, in order; -1 when they have too few. The nearest that suffice are taken, whatever the policy; then as far as
    /// it lets (spec: PCI-06). Physical functions, vDPA and remotely managed devices are only for those who ask for them by name.
    /// </summary>
    private int Usable(PciRequest request, ImmutableArray<HostCell> host, ReadOnlySpan<int> cells, ReadOnlySpan<int> left, Span<int> usable)
    {
        var found = 0;
        for (var i = 0; i < Pools.Length; i++)
            if (left[i] > 0 && Pools[i].Satisfies(request)) usable[found++] = i;
        if (Sum(usable[..found], left) < request.Count) return -1;
        if (!cells.IsEmpty) found = Near(request, host, cells, left, usable, found);
        if (Sum(usable[..found], left) < request.Count) return -1;

        var wantsPhysical = request.Wants("dev_type", PciPool.PhysicalFunction);
        var wantsVdpa = request.Wants("dev_type", PciPool.Vdpa);
        var wantsRemote = false;
        foreach (var match in request.Matches) wantsRemote |= GuestProperties.IsTrue(match["remote_managed"]);
        var kept = 0;
        for (var i = 0; i < found; i++)
        {
            var pool = Pools[usable[i]];
            if ((pool.DeviceType == PciPool.PhysicalFunction && !wantsPhysical) || (pool.DeviceType == PciPool.Vdpa && !wantsVdpa) || (pool.IsRemoteManaged && !wantsRemote)) continue;
            usable[kept++] = usable[i];
        }

        return Sum(usable[..kept], left) < request.Count ? -1 : kept;
    }

    private int Near(PciRequest request, ImmutableArray<HostCell> host, ReadOnlySpan<int> cells, ReadOnlySpan<int> left, Span<int> usable, int found)
    {
        var (inside, unknown) = (0, 0);
        for (var i = 0; i < found; i++)
        {
            if (Pools[usable[i]].NumaCell is not { } cell) unknown += left[usable[i]];
            else if (cells.Contains(cell)) inside += left[usable[i]];
        }

        if (request.Policy == PciNumaPolicy.Required || inside >= request.Count) return Keep(usable, found, cells, false);
        if (request.Policy == PciNumaPolicy.Socket) return KeepSockets(host, cells, usable, found);
        if (request.Policy == PciNumaPolicy.Legacy || inside + unknown >= request.Count) return Keep(usable, found, cells, true);

        // Preferred, and too few are near: those that are go first.
        Span<int> far = found <= 64 ? stackalloc int[found] : new int[found];
        var (near, rest) = (0, 0);
        for (var i = 0; i < found; i++)
        {
            var pool = usable[i];
            if (Pools[pool].NumaCell is not { } cell || cells.Contains(cell)) usable[near++] = pool;
            else far[rest++] = pool;
        }

        far[..rest].CopyTo(usable[near..]);
        return found;
    }

    private int Keep(Span<int> usable, int found, ReadOnlySpan<int> cells, bool unknownToo)
    {
        var kept = 0;
        for (var i = 0; i < found; i++)
            if (Pools[usable[i]].NumaCell is { } cell ? cells.Contains(cell) : unknownToo) usable[kept++] = usable[i];
        return kept;
    }

    /// <summary>Devices in any cell of the guest's sockets. A host whose cells do not all know their socket has none.</summary>
    private int KeepSockets(ImmutableArray<HostCell> host, ReadOnlySpan<int> cells, Span<int> usable, int found)
    {
        var kept = 0;
        foreach (var cell in host)
            if (cell.Socket is null) return 0;
        for (var i = 0; i < found; i++)
            if (Pools[usable[i]].NumaCell is { } cell && SharesSocket(host, cells, cell)) usable[kept++] = usable[i];
        return kept;
    }

    private static bool SharesSocket(ImmutableArray<HostCell> host, ReadOnlySpan<int> cells, int cell)
    {
        foreach (var device in host)
        {
            if (device.Id != cell) continue;
            foreach (var guest in host)
                if (guest.Socket == device.Socket && cells.Contains(guest.Id)) return true;
        }

        return false;
    }

    private static int Sum(ReadOnlySpan<int> pools, ReadOnlySpan<int> left)
    {
        var sum = 0;
        foreach (var pool in pools) sum += left[pool];
        return sum;
    }
}
