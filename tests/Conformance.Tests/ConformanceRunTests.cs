using System.Text.Json.Nodes;

namespace Kilonova.Conformance.Tests;

/// <summary>The runner counts what it is told, and goes on where our code throws.</summary>
public sealed class ConformanceRunTests
{
    [Fact]
    public void Vectors_are_counted_and_the_last_line_says_so()
    {
        using var answers = new StringWriter();
        var run = ConformanceRun.Of(new Echo(), Vectors("same", "explained", "different", "thrown", "same"), answers);
        using var output = new StringWriter();
        run.Print(output);
        var lines = output.ToString().TrimEnd().Split(Environment.NewLine);
        Assert.Equal("2 same, 1 explained, 2 different", lines[^1]);
        Assert.Equal("1 explained by: because", lines[^2]);
        Assert.Equal("2: it differs", lines[0]);
        Assert.Equal(5, answers.ToString().TrimEnd().Split(Environment.NewLine).Length);
    }

    private static IEnumerable<JsonObject> Vectors(params string[] outcomes) =>
        outcomes.Select((o, i) => new JsonObject { ["case"] = new JsonObject { ["id"] = i, ["outcome"] = o } });

    private sealed class Echo : VectorKind
    {
        public override string Name => "echo";

        public override JsonObject Answer(JsonObject vector) => new() { ["outcome"] = vector["case"]!["outcome"]!.ToString() };

        public override void Compare(JsonObject vector, JsonObject ours, Findings findings)
        {
            if (ours["outcome"]!.ToString() == "explained") findings.Explained("because");
            if (ours["outcome"]!.ToString() == "different") findings.Different("it differs");
            if (ours["outcome"]!.ToString() == "thrown") throw new InvalidOperationException("our code threw");
        }
    }
}
