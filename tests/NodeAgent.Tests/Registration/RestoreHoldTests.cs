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
    public void A_host_answers_when_everything_that_a_pass_under_the_hold_found_was_looked_at_under_it()
    {
        var board = new InstanceBoard();
        board.Expect(3, [Views.ID]);
        Look(board, null);
        Look(board, 2);
        Assert.Null(board.Answer);
        Assert.False(board.IsComplete);
        var told = 0;
        board.Changed += () => told++;
        Look(board, 3);
        Assert.Equal(3, board.Answer);
        Assert.True(board.IsComplete);
        Look(board, 3);
        Assert.Equal(1, told);
        board.Expect(4, []);
        Assert.Equal(4, board.Answer);
        board.Expect(null, [Views.ID]);
        Assert.True(board.IsComplete);
    }

    [Fact]
    public void Strays_that_were_told_stay_told_until_everything_was_looked_at()
    {
        StrayDomain a = new() { InstanceID = "a", Reason = "old" }, b = new() { InstanceID = "b", Reason = "r" }, again = new() { InstanceID = "a", Reason = "new" };
        Assert.Equal([a], HostStatus.Strays([a], [], complete: false));
        Assert.Equal([again, b], HostStatus.Strays([a], [b, again], complete: false));
        Assert.Equal([b], HostStatus.Strays([a], [b], complete: true));
        Assert.Equal([], HostStatus.Strays([a], [], complete: true));
        Assert.Null(HostStatus.Strays(null, [], complete: true));
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
