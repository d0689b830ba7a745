namespace Kilonova.Conformance.Tests;

/// <summary>Answers of placement itself: no difference that is not explained, and each reason is a heading of the page.</summary>
public sealed class PlacementVectorTests
{
    [Fact]
    public void Every_vector_is_answered_the_same_or_the_difference_is_explained()
    {
        var run = ConformanceRun.Of(new PlacementVectors(), VectorFile.Kept("placement"));
        using var text = new StringWriter();
        run.Print(text);
        Assert.True(run.Different == 0, text.ToString());
        Assert.Equal(275, run.Same + run.Explained);
        Assert.True(run.Explained < 30, text.ToString());
        var page = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "conformance.md"));
        foreach (var reason in run.Reasons.Keys) Assert.Contains("### " + reason, page);
    }
}
