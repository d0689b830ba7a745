using System.Diagnostics.Metrics;
using System.Globalization;

namespace Kilonova.Kubernetes.Metrics;

/// <summary>The series of one instrument. A measurement of a known label set allocates nothing.</summary>
internal sealed class MetricFamily
{
    private static readonly double[] s_defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Series>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly Shape _shape;
    private readonly double[] _bounds = [];
    private readonly int _maxSeries;
    private readonly bool _observable;

    public MetricFamily(Instrument instrument, int maxSeries)
    {
        _maxSeries = maxSeries;
        _bySpan = _series.GetAlternateLookup<ReadOnlySpan<char>>();
        _observable = instrument.IsObservable;
        var type = instrument.GetType();
        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        _shape = definition == typeof(Histogram<>) ? Shape.Histogram
            : definition == typeof(Counter<>) ? Shape.Counter
            : definition == typeof(ObservableCounter<>) ? Shape.CounterTotal
            : definition == typeof(UpDownCounter<>) ? Shape.Sum
            : Shape.Gauge;
        if (_shape == Shape.Histogram)
            _bounds = Bounds(instrument);
        Name = PrometheusText.Name(instrument.Name, instrument.Unit, _shape is Shape.Counter or Shape.CounterTotal);
        Help = instrument.Description ?? "";
    }

    private enum Shape
    {
        Gauge,
        Sum,
        Counter,
        CounterTotal,
        Histogram,
    }

    public string Name { get; }

    public string Help { get; }

    public string Type => _shape switch
    {
        Shape.Histogram => "histogram",
        Shape.Counter or Shape.CounterTotal => "counter",
        _ => "gauge",
    };

    /// <summary>Measurements of label sets beyond the limit.</summary>
    public long DroppedSeries { get; private set; }

    /// <summary>What an observable instrument does not tell this time does not exist any more.</summary>
    public void BeginObservation()
    {
        if (!_observable)
            return;
        lock (_lock)
            _series.Clear();
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Span<char> initial = stackalloc char[256];
        var labels = new LabelWriter(initial);
        try
        {
            labels.Append(tags);
            lock (_lock)
            {
                if (!_bySpan.TryGetValue(labels.Text, out var series))
                {
                    if (_series.Count >= _maxSeries)
                    {
                        DroppedSeries++;
                        return;
                    }

                    series = new Series(_shape == Shape.Histogram ? new long[_bounds.Length + 1] : null);
                    _series[labels.Text.ToString()] = series;
                }

                Record(series, value);
            }
        }
        finally
        {
            labels.Dispose();
        }
    }

    public void Write(PrometheusText text)
    {
        lock (_lock)
        {
            foreach (var (labels, series) in _series)
            {
                if (series.Buckets is not { } buckets)
                {
                    text.Sample(Name, labels, series.Value);
                    continue;
                }

                long below = 0;
                for (var i = 0; i < buckets.Length; i++)
                {
                    below += buckets[i];
                    var bound = i < _bounds.Length ? _bounds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
                    text.Sample(Name + "_bucket", $"{labels}{(labels.Length > 0 ? "," : "")}le=\"{bound}\"", below);
                }

                text.Sample(Name + "_sum", labels, series.Value);
                text.Sample(Name + "_count", labels, below);
            }
        }
    }

    private void Record(Series series, double value)
    {
        switch (_shape)
        {
            case Shape.Gauge or Shape.CounterTotal:
                series.Value = value;
                break;
            case Shape.Histogram:
                var at = Array.BinarySearch(_bounds, value);
                series.Buckets![at >= 0 ? at : ~at]++;
                series.Value += value;
                break;
            default:
                series.Value += value;
                break;
        }
    }

    private static double[] Bounds(Instrument instrument) => instrument switch
    {
        Instrument<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Instrument<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(b => (double)b)],
        Instrument<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(b => (double)b)],
        _ => s_defaultBuckets,
    };

    private sealed class Series(long[]? buckets)
    {
        public double Value;

        public long[]? Buckets { get; } = buckets;
    }
}
