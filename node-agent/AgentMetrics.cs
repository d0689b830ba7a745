using System.Diagnostics.Metrics;
using Kilonova.NodeAgent.Actors;
using Kilonova.NodeAgent.Images;
using Kilonova.NodeAgent.Protocol;
using Kilonova.NodeAgent.Registration;

namespace Kilonova.NodeAgent;

/// <summary>The agent's figures, under the meter <c>Kilonova.NodeAgent</c>.</summary>
internal sealed class AgentMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Kilonova.NodeAgent";

    private readonly Meter meter = new(MeterName);
    private readonly Counter<long> steps;
    private readonly Counter<long> failures;
    private readonly Histogram<double> parts;
    private readonly Histogram<double> starts;
    private long begun;

    public AgentMetrics()
    {
        steps = meter.CreateCounter<long>("kilonova_agent_steps", description: "Steps of the placement protocol that were begun, by step.");
        failures = meter.CreateCounter<long>("kilonova_agent_build_failures", description: "Builds that cannot go on here, by reason.");
        parts = meter.CreateHistogram<double>("kilonova_agent_build_seconds", "s", "Time of the parts of a build.");
        starts = meter.CreateHistogram<double>("kilonova_agent_start_seconds", "s", "Time of virDomainCreate.");
    }

    /// <summary>Adds the figures that are read when somebody asks.</summary>
    public void Observe(InstanceBoard board, ImageCache images, Heartbeat heartbeat)
    {
        meter.CreateObservableGauge(
            "kilonova_agent_instances",
            () => board.ByVerdict.Select(group => new Measurement<int>(group.Count, new KeyValuePair<string, object?>("state", group.Kind.ToString()))),
            description: "Instances, by how they were left.");
        meter.CreateObservableGauge("kilonova_agent_running_guests", () => board.Running, description: "Guests that run.");
        meter.CreateObservableGauge("kilonova_agent_heartbeat_age_seconds", () => heartbeat.Age?.TotalSeconds ?? double.NaN, "s", "Time since the Lease was last renewed.");
        meter.CreateObservableCounter("kilonova_agent_image_cache_hits", () => images.Hits, description: "Images that were there when asked for.");
        meter.CreateObservableCounter("kilonova_agent_image_cache_misses", () => images.Misses, description: "Images that had to be fetched.");
        meter.CreateObservableGauge("kilonova_agent_image_cache_bytes", images.Bytes, "By", "Bytes of the images in the cache.");
    }

    /// <summary>Steps that were begun so far.</summary>
    public long StepsBegun => Interlocked.Read(ref begun);

    public void StepBegun(Step step)
    {
        Interlocked.Increment(ref begun);
        steps.Add(1, new KeyValuePair<string, object?>("step", step.GetType().Name));
    }

    public void BuildFailed(string reason) => failures.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Started(TimeSpan took) => starts.Record(took.TotalSeconds);

    public void Prepared(GuestBuilder.Durations took)
    {
        Record("image", took.Image);
        Record("disks", took.Disks);
        Record("config-drive", took.ConfigDrive);
        Record("define", took.Define);

        void Record(string part, TimeSpan time) => parts.Record(time.TotalSeconds, new KeyValuePair<string, object?>("part", part));
    }

    public void Dispose() => meter.Dispose();
}
