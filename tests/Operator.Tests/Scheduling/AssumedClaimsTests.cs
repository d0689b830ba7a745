using Kilonova.Crds;
using Kilonova.Operator.Scheduling;
using Kilonova.Scheduling;

namespace Kilonova.Operator.Tests.Scheduling;

/// <summary>What was decided counts before it is seen.</summary>
public sealed class AssumedClaimsTests
{
    private readonly AssumedClaims _assumed = new();

    [Fact]
    public void A_decision_counts_on_its_host_until_its_placement_has_ended()
    {
        _assumed.Add("a", Member("one"), Entry("one"));
        _assumed.Add("a", Member("two"), Entry("two"));
        Assert.Equal(["one", "two"], _assumed.On("a").Select(e => e.Id).Order(StringComparer.Ordinal));
        Assert.Empty(_assumed.On("b"));
        Assert.True(_assumed.Remove("a", Member("one"), "one"));
        Assert.False(_assumed.Remove("a", Member("one"), "one"));
        Assert.Equal("two", Assert.Single(_assumed.On("a")).Id);
    }

    [Fact]
    public void Those_who_are_about_to_join_a_group_are_its_members_but_not_to_themselves()
    {
        var seen = new ServerGroupFacts { Policy = ServerGroupPolicy.Affinity, Members = [new("old", "c")], Hosts = ["c"] };
        _assumed.Add("a", Member("one"), Entry("one"));
        _assumed.Add("b", Member("other", "elsewhere"), Entry("other"));
        var joined = _assumed.Joined(Member("two"), "two", seen)!;
        Assert.Equal([new("old", "c"), new("one", "a")], joined.Members.Order(Comparer<GroupMemberFacts>.Create((x, y) => string.CompareOrdinal(x.InstanceID, y.InstanceID))));
        Assert.Equal(["a", "c"], joined.Hosts);
        Assert.Equal(["c"], _assumed.Joined(Member("one"), "one", seen)!.Hosts);
        Assert.Null(_assumed.Joined(Member("two"), "two", null));
        _assumed.Remove("a", Member("one"), "one");
        Assert.Same(seen, _assumed.Joined(Member("two"), "two", seen));
    }

    private static Server Member(string name, string group = "web") => new()
    {
        Metadata = new() { Name = name, Namespace = "p", Uid = name },
        Spec = new() { Flavor = "f", SchedulerHints = new() { Group = group } },
    };

    private static Allocation Entry(string id) => new() { Id = id, Epoch = 1, ClaimID = "", Holder = "", Resources = new Dictionary<string, long>() };
}
