using Kilonova.Crds;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Tests.Protocol;

/// <summary>R9: when a restored store is held, and for whom it waits.</summary>
public sealed class RestoreHoldTests
{
    [Theory]
    [InlineData(null, null, false)]
    [InlineData(null, 4L, false)]
    [InlineData(1L, null, true)]
    [InlineData(2L, 1L, true)]
    [InlineData(2L, 2L, false)]
    public void A_raised_generation_holds_until_it_is_complete(long? generation, long? completed, bool holds) =>
        Assert.Equal(holds, RestoreHold.Holds(new Cell { Metadata = new() { Name = "local" }, Spec = new CellSpec { Generation = generation }, Status = new CellStatus { CompletedGeneration = completed } }));

    [Fact]
    public void A_cell_that_nobody_made_yet_holds_nothing() => Assert.False(RestoreHold.Holds(null));

    [Fact]
    public void Every_host_is_waited_for_that_has_not_answered_and_is_not_waived()
    {
        var cell = new Cell { Metadata = new() { Name = "local" }, Spec = new CellSpec { Generation = 2, WaivedHosts = ["burnt"] } };
        Assert.Equal(["early", "silent"], RestoreHold.Unanswered(cell, [Host("silent", null), Host("early", 1), Host("here", 2), Host("burnt", null)]));
    }

    private static Hypervisor Host(string name, long? reported) =>
        new() { Metadata = new() { Name = name }, Spec = new HypervisorSpec(), Status = new HypervisorStatus { ReportedGeneration = reported } };
}
