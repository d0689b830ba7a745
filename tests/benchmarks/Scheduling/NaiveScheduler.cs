namespace Kilonova.Benchmarks.Scheduling;

/// <summary>
/// The same decision as one would first write it: an object for each host, LINQ for each step, a reason for each rejection. Usages are summed beforehand, as
/// ours are. Stands in for a scheduler that cannot be run here.
/// </summary>
internal sealed class NaiveScheduler
{
    private readonly List<Host> hosts;

    public NaiveScheduler(Fleet fleet) => hosts = [.. fleet.Facts.Select(f => new Host(
        f.Name,
        f.Up,
        f.Disabled,
        [.. f.Zones],
        f.Inventory.Inventories.ToDictionary(i => i.ResourceClass, i => new Offer(i.Total, i.Reserved, i.AllocationRatio, i.MinUnit, i.MaxUnit, i.StepSize)),
        f.Allocations.SelectMany(a => a.Resources).GroupBy(r => r.Key).ToDictionary(g => g.Key, g => g.Sum(r => r.Value)),
        [.. f.Allocations.Select(a => a.Id)]))];

    public (string? Host, Dictionary<string, string> Rejected) Decide(string instance, Dictionary<string, long> resources, string? zone)
    {
        var rejected = new Dictionary<string, string>();
        var left = hosts.Where(h => Keep(h, rejected, "ExcludedHosts", !h.Instances.Contains(instance))).ToList();
        foreach (var (resource, amount) in resources)
            left = [.. left.Where(h => Keep(h, rejected, $"Insufficient {resource}", Fits(h, resource, amount)))];
        left = [.. left.Where(h => Keep(h, rejected, "ComputeFilter", h.Up && !h.Disabled))];
        left = [.. left.Where(h => Keep(h, rejected, "AvailabilityZoneFilter", zone is null || h.Zones.Contains(zone) || (zone == "nova" && h.Zones.Count == 0)))];
        if (left.Count == 0) return (null, rejected);

        Func<Host, double>[] weighers =
        [
            h => (h.Offers["VCPU"].Total * h.Offers["VCPU"].Ratio) - h.Offers["VCPU"].Reserved - h.Used.GetValueOrDefault("VCPU"),
            h => 1024.0 * (h.Offers["DISK_GB"].Total - h.Offers["DISK_GB"].Reserved - h.Used.GetValueOrDefault("DISK_GB")),
            h => h.Offers["MEMORY_MB"].Total - h.Offers["MEMORY_MB"].Reserved - h.Used.GetValueOrDefault("MEMORY_MB"),
        ];
        var totals = left.ToDictionary(h => h.Name, _ => 0.0);
        foreach (var weigher in weighers)
        {
            var raw = left.Select(h => (h.Name, Value: Math.Max(0, weigher(h)))).ToList();
            var high = raw.Max(r => r.Value);
            foreach (var (name, value) in raw) totals[name] += high > 0 ? value / high : 0;
        }

        return (left.OrderByDescending(h => totals[h.Name]).First().Name, rejected);
    }

    private static bool Keep(Host host, Dictionary<string, string> rejected, string reason, bool passes)
    {
        if (!passes) rejected[host.Name] = reason;
        return passes;
    }

    private static bool Fits(Host host, string resource, long amount) =>
        host.Offers.TryGetValue(resource, out var offer)
        && amount >= offer.Min && amount <= offer.Max && amount % offer.Step == 0
        && host.Used.GetValueOrDefault(resource) + amount <= (offer.Total - offer.Reserved) * offer.Ratio;

    private sealed record Offer(long Total, long Reserved, double Ratio, long Min, long Max, long Step);

    private sealed record Host(string Name, bool Up, bool Disabled, HashSet<string> Zones, Dictionary<string, Offer> Offers, Dictionary<string, long> Used, HashSet<string> Instances);
}
