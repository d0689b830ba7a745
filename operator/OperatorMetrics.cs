using System.Diagnostics.Metrics;
using Kilonova.Crds;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Protocol;
using Kilonova.Scheduling;

namespace Kilonova.Operator;

/// <summary>Instruments of the operator. Names are Prometheus' after the reader has put underscores for dots.</summary>
internal static class OperatorMetrics
{
    public const string MeterName = "Kilonova.Operator";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Decisions = Meter.CreateCounter<long>("kilonova.scheduling.decisions", description: "Scheduling decisions, by result.");
    private static readonly Counter<long> Rejections = Meter.CreateCounter<long>("kilonova.scheduling.rejections", description: "Hosts rejected, by filter.");
    private static readonly Histogram<double> DecisionTime = Meter.CreateHistogram<double>("kilonova.scheduling.decision.duration", "s", "Time of one decision.");
    private static readonly Histogram<double> BindTime = Meter.CreateHistogram<double>("kilonova.scheduling.latency", "s", "Time from the creation of a Server to its bind; whole seconds of creation.");
    private static readonly Counter<long> Placements = Meter.CreateCounter<long>("kilonova.placements", description: "Servers bound, by host.");
    private static readonly Counter<long> StatusWrites = Meter.CreateCounter<long>("kilonova.server.status.writes", description: "Statuses written, by phase.");

    public static void Decided(Decision decision, TimeSpan took)
    {
        Decisions.Add(1, new KeyValuePair<string, object?>("result", decision.Host is null ? "no_valid_host" : "host"));
        DecisionTime.Record(took.TotalSeconds);
        foreach (var count in decision.Rejected)
            Rejections.Add(count.Hosts, new KeyValuePair<string, object?>("filter", count.Step));
    }

    public static void Placed(Server server)
    {
        Placements.Add(1, new KeyValuePair<string, object?>("host", server.Status?.Host));
        if (server.Metadata.CreationTimestamp is { } created && server.Status?.Conditions?.FirstOrDefault(c => c.Type == "Scheduled")?.LastTransitionTime is { } bound)
            BindTime.Record(Math.Max(0, (bound - created).TotalSeconds));
    }

    /// <summary>What is measured when somebody looks: resources promised and total per host, phases, leadership.</summary>
    public static void Observe(ClusterCache cache, Func<bool> leads)
    {
        Meter.CreateObservableGauge("kilonova.leader", () => leads() ? 1 : 0, description: "Whether this process leads.");
        Meter.CreateObservableGauge("kilonova.servers", () => cache.Servers.List()
            .GroupBy(s => s.Status?.Phase ?? ServerPhase.Build)
            .Select(g => new Measurement<int>(g.Count(), new KeyValuePair<string, object?>("phase", g.Key.ToString()))), description: "Servers, by phase.");
        Meter.CreateObservableGauge("kilonova.placement.used", () => cache.Providers.List()
            .SelectMany(p => (p.Status?.Allocations ?? []).SelectMany(a => a.Resources).GroupBy(r => r.Key, r => r.Value)
                .Select(g => Of(g.Sum(), p, g.Key))), description: "Promised, by host and resource class.");
        Meter.CreateObservableGauge("kilonova.placement.total", () => cache.Providers.List()
            .SelectMany(p => (p.Spec.Inventories ?? []).Select(i => Of(i.Total, p, i.ResourceClass))), description: "What is there before ratios and reservations, by host and resource class.");
        Meter.CreateObservableGauge("kilonova.instances.ignored", () => cache.Instances.List().Count(i => PlacementProtocol.HostOf(i) is null), description: "Instances that are in no host's namespace and are ignored.");

        static Measurement<long> Of(long value, ResourceProvider provider, string resourceClass) =>
            new(value, new("host", provider.Metadata.Name), new("class", resourceClass));
    }

    public static void StatusWritten(ServerStatus status) =>
        StatusWrites.Add(1, new KeyValuePair<string, object?>("phase", status.Phase?.ToString()));
}
