using System.Buffers;
using System.Diagnostics.Metrics;

namespace Kilonova.Kubernetes.Metrics;

/// <summary>
/// Collects <see cref="Meter"/> measurements and writes them as Prometheus text (format 0.0.4). Instrument names follow
/// OpenTelemetry's rules: dots become underscores, the unit and <c>_total</c> are appended.
/// </summary>
public sealed class PrometheusReader : IDisposable
{
    /// <summary>Content type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Lock _lock = new();
    private readonly List<MetricFamily> _families = [];
    private readonly MeterListener _listener = new();
    private readonly int _maxSeries;

    /// <summary>Starts collecting.</summary>
    /// <param name="meters">Which meters, by prefix of their name.</param>
    /// <param name="maxSeries">Label sets per instrument; further ones are counted in <c>metrics_series_dropped_total</c>.</param>
    public PrometheusReader(IReadOnlyList<string> meters, int maxSeries = 2000)
    {
        _maxSeries = maxSeries;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!meters.Any(m => instrument.Meter.Name.StartsWith(m, StringComparison.Ordinal)))
                return;
            listener.EnableMeasurementEvents(instrument, Family(instrument));
        };
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, family) => ((MetricFamily)family!).Record((double)value, tags));
        _listener.Start();
    }

    /// <summary>Asks the observable instruments and writes everything.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        lock (_lock)
        {
            foreach (var family in _families)
                family.BeginObservation();
            _listener.RecordObservableInstruments();
            var text = new PrometheusText(output);
            long dropped = 0;
            // Instruments of one name from several meters are one family: its head is written once.
            foreach (var same in _families.GroupBy(f => f.Name, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
            {
                text.Head(same.Key, same.First().Help, same.First().Type);
                foreach (var family in same)
                {
                    family.Write(text);
                    dropped += family.DroppedSeries;
                }
            }

            text.Head("metrics_series_dropped_total", "Measurements left out because their instrument has too many label sets.", "counter");
            text.Sample("metrics_series_dropped_total", "", dropped);
            text.Flush();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private MetricFamily Family(Instrument instrument)
    {
        var family = new MetricFamily(instrument, _maxSeries);
        lock (_lock)
            _families.Add(family);
        return family;
    }
}
