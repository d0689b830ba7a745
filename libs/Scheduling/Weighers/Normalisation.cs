namespace Kilonova.Scheduling.Weighers;

/// <summary>Nova's scale from raw values to 0…1.</summary>
internal readonly struct Normalisation
{
    private readonly double low;
    private readonly double range;

    private Normalisation(double low, double high)
    {
        this.low = low;
        range = high - low;
    }

    /// <summary>Finds the scale of some values. With a lower end that is given, equal positive values all become 1; without one, equal values become 0.</summary>
    public static Normalisation Over(ReadOnlySpan<double> raw, double? minimum)
    {
        var (low, high) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var value in raw)
        {
            if (value < low) low = value;
            if (value > high) high = value;
        }

        return minimum is { } given ? new(given, Math.Max(high, given)) : new(low, high);
    }

    public double Of(double raw) => range > 0 ? Math.Max(raw - low, 0) / range : 0;
}
