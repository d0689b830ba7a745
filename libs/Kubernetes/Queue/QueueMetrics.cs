using System.Diagnostics.Metrics;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Queue;

/// <summary>Instruments of work queues and controllers.</summary>
internal static class QueueMetrics
{
    private static readonly InstrumentAdvice<double> s_buckets = new() { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300] };

    public static readonly UpDownCounter<long> Depth = ClientMetrics.Meter.CreateUpDownCounter<long>(
        "kubernetes.workqueue.depth", description: "Keys that are ready and not taken.");

    public static readonly Counter<long> Adds = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.workqueue.adds", description: "Keys that became ready.");

    public static readonly Counter<long> Retries = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.workqueue.retries", description: "Keys put back after a failure.");

    public static readonly Histogram<double> Latency = ClientMetrics.Meter.CreateHistogram(
        "kubernetes.workqueue.latency", "s", "Time from ready to taken.", advice: s_buckets);

    public static readonly Histogram<double> WorkDuration = ClientMetrics.Meter.CreateHistogram(
        "kubernetes.workqueue.work.duration", "s", "Time from taken to done.", advice: s_buckets);

    public static readonly Counter<long> Reconciles = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.controller.reconciles", description: "Reconciles, by controller and result.");
}
