using System.Globalization;

namespace Kilonova.Benchmarks;

/// <summary>Prints aligned columns, as Markdown reads them too.</summary>
internal sealed class Table(params string[] header)
{
    private readonly List<string[]> rows = [header];

    public void Add(params string[] cells) => rows.Add(cells);

    public void Print(string title)
    {
        var widths = header.Select((_, column) => rows.Max(r => r[column].Length)).ToArray();
        Console.WriteLine($"\n{title}");
        for (var i = 0; i < rows.Count; i++)
        {
            Console.WriteLine("| " + string.Join(" | ", rows[i].Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))) + " |");
            if (i == 0) Console.WriteLine("|" + string.Join("|", widths.Select((w, c) => c == 0 ? new string('-', w + 2) : new string('-', w + 1) + ":")) + "|");
        }
    }

    /// <summary>A time with three significant digits and a unit.</summary>
    public static string Time(double microseconds) => Math.Abs(microseconds) switch
    {
        < 1000 => $"{Digits(microseconds)} µs",
        < 1e6 => $"{Digits(microseconds / 1e3)} ms",
        _ => $"{Digits(microseconds / 1e6)} s",
    };

    public static string Count(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Ratio(double value) => $"{Digits(value)}×";

    private static string Digits(double value) =>
        value.ToString(Math.Abs(value) >= 100 ? "N0" : Math.Abs(value) >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);
}
