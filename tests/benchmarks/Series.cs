namespace Kilonova.Benchmarks;

/// <summary>Times of the same thing, measured again and again.</summary>
internal sealed class Series
{
    private readonly List<TimeSpan> times = [];

    public int Count => times.Count;

    /// <summary>Median, in µs; what <see cref="Table.Time"/> takes.</summary>
    public double P50 => At(0.50);

    /// <summary>95th percentile, in µs.</summary>
    public double P95 => At(0.95);

    public void Add(TimeSpan time) => times.Add(time);

    private double At(double quantile)
    {
        if (times.Count == 0)
            return double.NaN;
        times.Sort();
        // The nearest rank: no value that was not measured.
        return times[Math.Max(0, (int)Math.Ceiling(quantile * times.Count) - 1)].TotalMicroseconds;
    }
}
