namespace Kilonova.Conformance.Tests;

/// <summary>Answers of Nova's own code for guest topologies and fits: no difference that is not explained.</summary>
public sealed class NumaVectorTests
{
    [Fact]
    public void Every_vector_is_answered_as_Nova_does_or_the_difference_is_explained()
    {
        var run = ConformanceRun.Of(new NumaVectors(), VectorFile.Kept("numa"));
        using var text = new StringWriter();
        run.Print(text);
        Assert.True(run.Different == 0, text.ToString());
        Assert.Equal(1457, run.Same + run.Explained);
        Assert.True(run.Explained < 120, text.ToString());
    }

    [Fact]
    public void Every_reason_is_a_heading_of_the_page()
    {
        var page = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "conformance.md"));
        var run = ConformanceRun.Of(new NumaVectors(), VectorFile.Kept("numa"));
        foreach (var reason in run.Reasons.Keys) Assert.Contains("### " + reason, page);
    }
}
