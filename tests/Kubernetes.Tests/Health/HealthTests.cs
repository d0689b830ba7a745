using System.Buffers;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Kilonova.Kubernetes.Health;
using Kilonova.Kubernetes.Metrics;

namespace Kilonova.Kubernetes.Tests.Health;

public sealed class HealthTests
{
    [Fact]
    public async Task Endpoints_tell_liveness_readiness_and_metrics()
    {
        var ready = false;
        var checks = new HealthChecks();
        checks.Add("loop", HealthKind.Liveness, () => null);
        checks.Add("cache", HealthKind.Readiness, () => ready ? null : "not synced");
        using var meter = new Meter("Test.Health");
        using var metrics = new PrometheusReader(["Test.Health"]);
        meter.CreateCounter<long>("hits").Add(2);
        await using var server = await HealthServer.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), new HealthEndpoints(checks, metrics));
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.Endpoint}") };

        Assert.Equal("[+]loop ok\nok\n", await http.GetStringAsync(new Uri("/healthz", UriKind.Relative)));
        var notReady = await http.GetAsync(new Uri("/readyz", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, notReady.StatusCode);
        Assert.Equal("[+]loop ok\n[-]cache failed: not synced\nfailed\n", await notReady.Content.ReadAsStringAsync());
        ready = true;
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/readyz", UriKind.Relative))).StatusCode);
        checks.Add("broken", HealthKind.Liveness, () => throw new InvalidOperationException("boom"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync(new Uri("/livez", UriKind.Relative))).StatusCode);
        Assert.Contains("hits_total 2", await http.GetStringAsync(new Uri("/metrics", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public void Metrics_are_written_as_prometheus_reads_them()
    {
        using var meter = new Meter("Test.Metrics");
        using var reader = new PrometheusReader(["Test.Metrics"], maxSeries: 3);
        var counter = meter.CreateCounter<long>("app.requests", description: "Requests,\nby \\ path.");
        counter.Add(1, new("path", "/a\"b\\c\nd"), new("code", 200));
        counter.Add(2, new("code", 200), new("path", "/a\"b\\c\nd"));
        counter.Add(1, new("code", 404), new("path", true));
        counter.Add(1, new KeyValuePair<string, object?>("path", new string('x', 1000)));
        counter.Add(1, new KeyValuePair<string, object?>("path", "one too many"));
        var duration = meter.CreateHistogram("app.duration", "s", "Time.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        duration.Record(0.1);
        duration.Record(0.5);
        duration.Record(3);
        meter.CreateUpDownCounter<int>("app.open").Add(-2);
        var hosts = new List<Measurement<double>> { new(1.5, new KeyValuePair<string, object?>("host", "a")), new(double.PositiveInfinity, new KeyValuePair<string, object?>("host", "b")) };
        meter.CreateObservableGauge("app.load", () => hosts, "By");
        meter.CreateObservableCounter("app.cpu", () => 7L, "s");

        Write(reader);
        hosts.RemoveAt(1);

        Assert.Equal(
            """
            # HELP app_cpu_seconds_total 
            # TYPE app_cpu_seconds_total counter
            app_cpu_seconds_total 7
            # HELP app_duration_seconds Time.
            # TYPE app_duration_seconds histogram
            app_duration_seconds_bucket{le="0.1"} 1
            app_duration_seconds_bucket{le="1"} 2
            app_duration_seconds_bucket{le="+Inf"} 3
            app_duration_seconds_sum 3.6
            app_duration_seconds_count 3
            # HELP app_load_bytes 
            # TYPE app_load_bytes gauge
            app_load_bytes{host="a"} 1.5
            # HELP app_open 
            # TYPE app_open gauge
            app_open -2
            # HELP app_requests_total Requests,\nby \\ path.
            # TYPE app_requests_total counter
            app_requests_total{code="200",path="/a\"b\\c\nd"} 3
            app_requests_total{code="404",path="true"} 1
            app_requests_total{path="XXX"} 1
            # HELP metrics_series_dropped_total Measurements left out because their instrument has too many label sets.
            # TYPE metrics_series_dropped_total counter
            metrics_series_dropped_total 1

            """,
            Write(reader).Replace(new string('x', 1000), "XXX", StringComparison.Ordinal));
    }

    [Fact]
    public void Measuring_a_known_label_set_allocates_nothing()
    {
        using var meter = new Meter("Test.Allocations");
        using var reader = new PrometheusReader(["Test.Allocations"]);
        var counter = meter.CreateCounter<long>("hits");
        KeyValuePair<string, object?> verb = new("verb", "get"), code = new("code", "200");
        for (var i = 0; i < 100; i++)
            counter.Add(1, verb, code);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            counter.Add(1, verb, code);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static string Write(PrometheusReader reader)
    {
        var output = new ArrayBufferWriter<byte>();
        reader.Write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
