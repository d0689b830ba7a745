using System.Diagnostics.Metrics;

namespace Kilonova.Kubernetes.Client;

/// <summary>Instruments of the API client.</summary>
internal static class ClientMetrics
{
    /// <summary>Name of the meter of everything in this library.</summary>
    public const string MeterName = "Kilonova.Kubernetes";

    public static readonly Meter Meter = new(MeterName);

    public static readonly Histogram<double> RequestDuration = Meter.CreateHistogram(
        "kubernetes.client.request.duration", "s", "Time from sending a request to the end of its answer, per attempt.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });

    public static readonly Counter<long> Retries = Meter.CreateCounter<long>(
        "kubernetes.client.retries", description: "Requests sent again, by verb and cause.");

    public static readonly Counter<long> ReceivedBytes = Meter.CreateCounter<long>(
        "kubernetes.client.received", "By", "Bytes of answers after decompression, watches included, by verb and resource.");

    public static void Record(in ApiRequest request, string code, TimeSpan duration) =>
        RequestDuration.Record(duration.TotalSeconds, new("verb", request.Verb), new("resource", request.Resource), new("code", code));

    public static void Retry(in ApiRequest request, string cause) =>
        Retries.Add(1, new("verb", request.Verb), new("resource", request.Resource), new("cause", cause));
}
