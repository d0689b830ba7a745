using System.Diagnostics.Metrics;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Cache;

/// <summary>Instruments of informers.</summary>
internal static class CacheMetrics
{
    public static readonly UpDownCounter<long> Objects = ClientMetrics.Meter.CreateUpDownCounter<long>(
        "kubernetes.informer.objects", description: "Objects in the cache.");

    public static readonly Counter<long> Events = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.informer.events", description: "Watch events received, bookmarks included.");

    public static readonly Counter<long> Lists = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.informer.lists", description: "Full lists made.");

    public static readonly Counter<long> Watches = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.informer.watches", description: "Watches opened.");

    public static readonly Counter<long> Failures = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.informer.failures", description: "Lists and watches that failed, by cause.");

    public static readonly Counter<long> Undecodable = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.informer.undecodable", description: "Objects received that this version cannot read.");

    public static readonly Counter<long> AuditDifferences = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.informer.audit.differences", description: "Objects that differed between cache and server in an audit.");

    public static readonly Counter<long> HandlerFailures = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.informer.handler.failures", description: "Changes on which a handler failed; they are told again.");
}
