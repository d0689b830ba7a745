using Kilonova.Crds;
using Kilonova.NodeAgent.Actors;
using Kilonova.NodeAgent.Protocol;
using Kilonova.NodeAgent.Registration;
using Kilonova.NodeAgent.Tests.Protocol;

namespace Kilonova.NodeAgent.Tests.Registration;

/// <summary>R9: a host answers only when everything on it was looked at since it is held.</summary>
public class RestoreHoldTests
{
    [Theory]
    [InlineData(null, null, null)]
    [InlineData(3L, null, 3L)]
    [InlineData(3L, 2L, 3L)]
    [InlineData(3L, 3L, null)]
    public void A_cell_is_held_until_its_generation_is_complete(long? generation, long? completed, long? held) =>
        Assert.Equal(held, RestoreHold.GenerationOf(new Cell { Metadata = new() { Name = "local" }, Spec = new CellSpec { Generation = generation }, Status = new CellStatus { CompletedGeneration = completed } }));

    [Fact]
    public void What_was_looked_at_before_the_hold_or_under_an_earlier_one_is_looked_at_again()
    {
        var board = new InstanceBoard();
        var told = 0;
        board.Changed += () => told++;
        Assert.True(board.LookedUnder(3, []));
        Look(board, null);
        told = 0;
        Assert.False(board.LookedUnder(3, [Views.ID]));
        Look(board, 2);
        Assert.False(board.LookedUnder(3, [Views.ID]));
        Look(board, 3);
        Assert.True(board.LookedUnder(3, [Views.ID]));
        Assert.Equal(2, told);
        Look(board, 3);
        Assert.Equal(2, told);
    }

    [Fact]
    public void An_answer_stays_told()
    {
        var answered = HostStatus.Of(new Hypervisor { Metadata = new() { Name = "a" }, Spec = new HypervisorSpec() }, Knowledge(3));
        Assert.Equal(3, answered.ReportedGeneration);
        Assert.Equal(3, HostStatus.Of(new Hypervisor { Metadata = new() { Name = "a" }, Spec = new HypervisorSpec(), Status = answered }, Knowledge(null)).ReportedGeneration);
    }

    private static void Look(InstanceBoard board, long? generation)
    {
        var view = Views.Running();
        board.Note(view with { Host = view.Host with { HeldFor = generation } }, new Verdict(VerdictKind.Running, "The guest runs."));
    }

    private static HostKnowledge Knowledge(long? reported) => new() { HostID = "h", BootID = "b", AgentVersion = "1", ReportedGeneration = reported, Now = Views.Now };
}
