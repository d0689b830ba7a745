using Kilonova.Crds;
using Kilonova.Operator.Protocol;
using static Kilonova.Operator.Tests.Protocol.Given;

namespace Kilonova.Operator.Tests.Protocol;

/// <summary>Seats in server groups: who may take one, and when one goes.</summary>
public sealed class GroupSeatTests
{
    [Theory]
    [InlineData(ServerGroupPolicy.AntiAffinity, null, "a", "1 members of the server group are on a, at most 1 may be on one host")]
    [InlineData(ServerGroupPolicy.AntiAffinity, null, "c", null)]
    [InlineData(ServerGroupPolicy.AntiAffinity, 2, "a", null)]
    [InlineData(ServerGroupPolicy.Affinity, null, "a", "the server group is on b")]
    [InlineData(ServerGroupPolicy.SoftAffinity, null, "c", null)]
    [InlineData(ServerGroupPolicy.SoftAntiAffinity, null, "a", null)]
    public void A_hard_policy_refuses_what_breaks_it(ServerGroupPolicy policy, int? most, string host, string? refusal) =>
        Assert.Equal(refusal, GroupSeats.Refusal(Group(policy, most, Seat(1, "a", "one"), Seat(1, "b", "two"), Seat(1, "c", Id)), Seat(2, host)));

    [Fact]
    public void One_member_counts_once_however_many_claims_it_has_there() =>
        Assert.Null(GroupSeats.Refusal(Group(ServerGroupPolicy.AntiAffinity, 2, Seat(1, "a", "one"), Seat(2, "a", "one")), Seat(1, "a")));

    [Fact]
    public void A_full_group_takes_nobody() => Assert.Contains(
        "1024", GroupSeats.Refusal(Group(ServerGroupPolicy.SoftAffinity, null, [.. Enumerable.Range(0, 1024).Select(i => Seat(1, "a", $"id{i}"))]), Seat(1, "a"))!, StringComparison.Ordinal);

    [Fact]
    public void A_claim_is_bound_only_with_its_seat()
    {
        var claimed = View(Grouped(), At("a", null, Entry(1)));
        Assert.Equal(new Bind("a", 1, Claim(1)), Next(claimed with { Groups = [Seats(Seat(1, "a"))] }));
        Assert.Equal(new Raise(1), Next(claimed with { Groups = [Seats()] }));
        Assert.Equal(new Raise(1), Next(claimed with { Groups = [Seats(Seat(1, "b"))] }));
        Assert.Equal(new Raise(1), Next(claimed with { Groups = [Seats(Seat(1, "a") with { ClaimID = "another" })] }));
    }

    [Fact]
    public void A_seat_without_a_claim_on_its_host_uses_its_number_up_and_goes_then()
    {
        var seat = Seat(1, "a");
        Assert.Equal(new Raise(1), Next(View(Grouped()) with { Groups = [Seats(seat)] }));
        Assert.Equal(new RemoveSeat("web", seat), Next(View(Grouped(epoch: 1)) with { Groups = [Seats(seat)] }));
        Assert.Equal(new PlaceServer(2), Next(View(Grouped(epoch: 1)) with { Groups = [Seats()] }));
    }

    [Fact]
    public void The_seat_of_a_place_that_was_left_goes_after_what_is_there()
    {
        var (left, bound) = (Seat(1, "a"), Seat(2, "b"));
        var here = At("b", Instance("b", 2), Entry(2));
        var server = Grouped(epoch: 2, host: "b");
        Assert.Equal(new Wait(WaitReason.AgentConfirmation, "a"), Next(View(server, At("a", Instance("a", 1, deleted: true), Entry(1)), here) with { Groups = [Seats(left, bound)] }));
        Assert.Equal(new RemoveEntry("a", 1, Claim(1)), Next(View(server, At("a", null, Entry(1)), here) with { Groups = [Seats(left, bound)] }));
        Assert.Equal(new RemoveSeat("web", left), Next(View(server, here) with { Groups = [Seats(left, bound)] }));
        Assert.Equal(new Settled(), Next(View(server, here) with { Groups = [Seats(bound)] }));
    }

    [Fact]
    public void A_seat_of_a_claim_that_lost_goes_although_its_host_won()
    {
        var lost = Seat(1, "a") with { ClaimID = "another" };
        Assert.Equal(new RemoveSeat("web", lost), Next(View(Grouped(epoch: 1, host: "a"), At("a", Instance("a", 1), Entry(1))) with { Groups = [Seats(Seat(1, "a"), lost)] }));
    }

    [Fact]
    public void A_server_that_goes_gives_its_seat_back_last()
    {
        var server = Grouped(epoch: 1, host: "a", deleted: true);
        Assert.Equal(new RemoveLedgerFinalizer("a", "a-1"), Next(View(server, At("a", Instance("a", 1, deleted: true, agent: false))) with { Groups = [Seats(Seat(1, "a"))] }));
        Assert.Equal(new RemoveSeat("web", Seat(1, "a")), Next(View(server) with { Groups = [Seats(Seat(1, "a"))] }));
        Assert.Equal(new RemoveServerFinalizer(), Next(View(server) with { Groups = [Seats()] }));
        Assert.Equal(new RemoveSeat("web", Seat(1, "a")), Next(View(null) with { Groups = [Seats(Seat(1, "a"))] }));
        Assert.Equal(new RemoveEntry("a", 1, Claim(1)), Next(View(null, At("a", null, Entry(1))) with { Groups = [Seats(Seat(1, "a"))] }));
    }

    [Fact]
    public void A_bound_server_that_its_group_does_not_know_is_seated_unless_the_group_is_full_or_gone()
    {
        var bound = View(Grouped(epoch: 1, host: "a"), At("a", Instance("a", 1), Entry(1)));
        Assert.Equal(new AddSeat("web", Seat(1, "a")), Next(bound with { Groups = [Seats()] }));
        Assert.Equal(new Settled(), Next(bound with { Groups = [Seats() with { Full = true }] }));
        Assert.Equal(new Settled(), Next(bound));
    }

    private static Step Next(PlacementView view) => PlacementProtocol.Next(view, 3);

    private static Server Grouped(long epoch = 0, string? host = null, bool deleted = false)
    {
        var server = Server(epoch, host, deleted: deleted);
        return server with { Spec = server.Spec with { SchedulerHints = new() { Group = "web" } } };
    }

    private static GroupMember Seat(long epoch, string host, string id = Id) => new() { Server = "web", InstanceID = id, Epoch = epoch, ClaimID = Claim(epoch), Host = host };

    private static SeatsInGroup Seats(params GroupMember[] members) => new("project", "web", members);

    private static ServerGroup Group(ServerGroupPolicy policy, int? most, params GroupMember[] members) => new()
    {
        Metadata = new() { Name = "web", Namespace = "project" },
        Spec = new() { Policy = policy, MaxServerPerHost = most },
        Status = new() { Members = members },
    };
}
