namespace Kilonova.Benchmarks;

/// <summary>Figures that are to be met, each beside what it is to be. Their table is what <c>tests/bench</c> counts.</summary>
internal sealed class Figures
{
    private readonly Table table = new("figure", "measured", "to be", "ratio", "verdict");

    /// <summary>A figure that is to be at most so much.</summary>
    /// <param name="what">Its name.</param>
    /// <param name="value">What was measured.</param>
    /// <param name="limit">What it is to be.</param>
    /// <param name="text">How values of it are written.</param>
    public void AtMost(string what, double value, double limit, Func<double, string> text) =>
        table.Add(what, text(value), "≤ " + text(limit), Table.Ratio(value / limit), value <= limit ? "met" : "MISSED");

    /// <summary>A figure that is to be at least so much.</summary>
    public void AtLeast(string what, double value, double limit, Func<double, string> text) =>
        table.Add(what, text(value), "≥ " + text(limit), Table.Ratio(value / limit), value >= limit ? "met" : "MISSED");

    /// <summary>Prints them.</summary>
    public void Print(string lane) => table.Print($"{lane}: figures, and what they are to be (ratio: measured to wanted)");
}
