using System.Text.Json.Nodes;

namespace Kilonova.Conformance;

/// <summary>Puts every vector to our code and counts.</summary>
public sealed class ConformanceRun
{
    private const int Shown = 20;
    private readonly List<string> first = [];
    private readonly SortedDictionary<string, int> reasons = new(StringComparer.Ordinal);

    private ConformanceRun()
    {
    }

    /// <summary>Vectors with the same answer.</summary>
    public int Same { get; private set; }

    /// <summary>Vectors whose differences are all explained.</summary>
    public int Explained { get; private set; }

    /// <summary>Vectors with a difference that nothing explains.</summary>
    public int Different { get; private set; }

    /// <summary>How many vectors each reason explains.</summary>
    public IReadOnlyDictionary<string, int> Reasons => reasons;

    /// <summary>The first differences.</summary>
    public IReadOnlyList<string> First => first;

    /// <summary>Runs vectors.</summary>
    /// <param name="kind">Their kind.</param>
    /// <param name="vectors">The vectors.</param>
    /// <param name="answers">Takes our answers as lines <c>{"id","answer"}</c>; none when absent.</param>
    /// <returns>What came of it.</returns>
    public static ConformanceRun Of(VectorKind kind, IEnumerable<JsonObject> vectors, TextWriter? answers = null)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(vectors);
        var run = new ConformanceRun();
        foreach (var vector in vectors) run.Take(kind, vector, answers);
        return run;
    }

    /// <summary>Prints the first differences, the reasons, and last the counts.</summary>
    /// <param name="output">Takes the text.</param>
    public void Print(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        foreach (var text in first) output.WriteLine(text);
        if (Different > first.Count) output.WriteLine($"… and {Different - first.Count} more");
        foreach (var (reason, count) in reasons) output.WriteLine($"{count} explained by: {reason}");
        output.WriteLine($"{Same} same, {Explained} explained, {Different} different");
    }

    /// <summary>A case that our code throws on is different, and the run goes on: the rest is worth knowing.</summary>
    private void Take(VectorKind kind, JsonObject vector, TextWriter? answers)
    {
        var findings = new Findings();
        JsonObject ours;
        try
        {
            ours = kind.Answer(vector);
            kind.Compare(vector, ours, findings);
        }
        catch (Exception e)
        {
            ours = new JsonObject { ["thrown"] = e.ToString() };
            findings.Different($"threw {e}");
        }

        answers?.WriteLine(new JsonObject { ["id"] = kind.IdOf(vector), ["answer"] = ours }.ToJsonString());
        if (findings.Differences.Count > 0)
        {
            Different++;
            if (first.Count < Shown) first.Add($"{kind.IdOf(vector)}: {string.Join("\n    ", findings.Differences)}");
        }
        else if (findings.Reasons.Count > 0)
        {
            Explained++;
            foreach (var reason in findings.Reasons) reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
        }
        else
        {
            Same++;
        }
    }
}
