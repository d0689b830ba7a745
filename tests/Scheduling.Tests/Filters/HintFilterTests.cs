using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;
using static Kilonova.Scheduling.Tests.Filters.FilterTable;

namespace Kilonova.Scheduling.Tests.Filters;

/// <summary>Filters that act on a server's hints and its group, a table for each.</summary>
public sealed class HintFilterTests
{
    private static readonly HostFacts[] Three = [With("a", "i1"), With("b", "i2", "i3"), Given.Host("c")];

    [Theory]
    [InlineData("", "a b c")]
    [InlineData("i1", "b c")]
    [InlineData("i1,i3", "c")]
    [InlineData("nowhere", "a b c")]
    public void Different_host_keeps_away_from_instances(string from, string expected) =>
        Assert.Equal(expected, Passing("DifferentHostFilter", Request() with { DifferentHostFrom = [.. Split(from)] }, Three));

    [Theory]
    [InlineData("", "a b c")]
    [InlineData("i1", "a")]
    [InlineData("i1,i3", "a b")]
    [InlineData("nowhere", "")]
    public void Same_host_goes_to_instances_and_nowhere_if_they_run_nowhere(string with, string expected) =>
        Assert.Equal(expected, Passing("SameHostFilter", Request() with { SameHostAs = [.. Split(with)] }, Three));

    [Theory]
    [InlineData(null, "in none! out")]
    [InlineData("192.0.2.0/24", "in none!")]
    [InlineData("192.0.2.77/24", "in none!")]
    [InlineData("192.0.2.10/32", "in none!")]
    [InlineData("0.0.0.0/0", "in none! out")]
    [InlineData("2001:db8::/32", "none!")]
    [InlineData("nonsense", "in! none! out!")]
    [InlineData("192.0.2.0/99", "in! none! out!")]
    public void Cidr_takes_hosts_of_the_range(string? range, string expected)
    {
        HostFacts At(string name, string? address) => Given.Host(name) with { Capabilities = new HostCapabilities { HostIP = address } };
        expected = range is null ? expected.Replace("!", "", StringComparison.Ordinal) : expected;
        Assert.Equal(expected, Passing("SimpleCIDRAffinityFilter", Request() with { HostCidr = range }, [At("in", "192.0.2.10"), At("none", null), At("out", "198.51.100.1")]));
    }

    [Theory]
    [InlineData(null, "a b")]
    [InlineData("[]", "a b")]
    [InlineData("""[">=", "$free_ram_mb", 1024]""", "a b")]
    [InlineData("""[">", "$free_ram_mb", 32000]""", "b")]
    [InlineData("""["=", "$host", "a"]""", "a")]
    [InlineData("""["in", "$host", "a", "x"]""", "a")]
    [InlineData("""["not", ["=", "$host", "a"]]""", "b")]
    [InlineData("""["and", ["=", "$host", "a"], ["=", "$vcpus_total", 16]]""", "a")]
    [InlineData("""["or", ["=", "$host", "a"], ["=", "$host", "b"]]""", "a b")]
    [InlineData("""["<", "$num_instances", 1]""", "b")]
    [InlineData("""["=", "$no_such", 1]""", "")]
    [InlineData("""[">", "$free_ram_mb"]""", "")]
    [InlineData("""["=", "$vcpus_total", "16"]""", "")]
    [InlineData("""["=", "$vcpus_total", 16.0]""", "a b")]
    [InlineData("""["=", "$stats.rack", "r1"]""", "a")]
    [InlineData("""["bogus", 1, 2]""", "a! b!")]
    [InlineData("""["<", "$host", 3]""", "a! b!")]
    [InlineData("no json", "a! b!")]
    public void Query_is_a_condition_on_hosts(string? query, string expected)
    {
        var passing = "";
        try
        {
            passing = Passing("JsonFilter", Request() with { Query = query },
            [
                With("a", "i1") with { Capabilities = new HostCapabilities { Stats = new Dictionary<string, string> { ["rack"] = "r1" } }, Inventory = Given.Inventory(memory: 16384) },
                Given.Host("b"),
            ]);
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            // The table asks each host again, and there the filter throws as it did before.
            passing = "a! b!";
        }

        Assert.Equal(expected, passing);
    }

    [Theory]
    [InlineData(1, "a-none one-self")]
    [InlineData(2, "a-none one one-said one-self")]
    [InlineData(3, "a-none one one-said one-self two")]
    public void Anti_affinity_leaves_so_many_members_on_a_host(int most, string expected)
    {
        var group = new ServerGroupFacts
        {
            Policy = ServerGroupPolicy.AntiAffinity,
            MaxServerPerHost = most,
            Members = [new("m1", null), new("m2", null), new("m3", null), new("m4", "one-said"), new("m5", null), new("wanted", null)],
        };
        Assert.Equal(expected, Passing("ServerGroupAntiAffinityFilter", Request() with { Group = group, MayStay = true },
            [Given.Host("a-none"), With("one", "m1", "x"), Given.Host("one-said"), With("one-self", "wanted", "m5"), With("two", "m2", "m3")]));
        Assert.Equal("one", Passing("ServerGroupAntiAffinityFilter", Request() with { Group = group with { Policy = ServerGroupPolicy.SoftAntiAffinity } }, [With("one", "m1")]));
    }

    [Theory]
    [InlineData("", "a b c")]
    [InlineData("b", "b")]
    [InlineData("b,c", "b c")]
    [InlineData("B", "")]
    public void Affinity_goes_to_the_groups_hosts(string hosts, string expected)
    {
        var group = new ServerGroupFacts { Policy = ServerGroupPolicy.Affinity, Hosts = [.. Split(hosts)] };
        Assert.Equal(expected, Passing("ServerGroupAffinityFilter", Request() with { Group = group }, Three));
        Assert.Equal("a b c", Passing("ServerGroupAffinityFilter", Request() with { Group = group with { Policy = ServerGroupPolicy.SoftAffinity } }, Three));
    }

    [Fact]
    public void A_groups_facts_leave_out_the_server_itself()
    {
        GroupMember Member(string id, string host) => new() { Server = id, InstanceID = id, Epoch = 1, ClaimID = "c", Host = host };
        var group = new ServerGroup
        {
            Metadata = new Crds.Meta.ObjectMeta { Name = "group" },
            Spec = new ServerGroupSpec { Policy = ServerGroupPolicy.AntiAffinity, MaxServerPerHost = 2 },
            Status = new ServerGroupStatus { Members = [Member("wanted", "a"), Member("other", "b"), Member("third", "b")] },
        };
        var facts = ServerGroupFacts.Of(group, "wanted");
        Assert.Equal(["b"], facts.Hosts);
        Assert.Equal(["other", "third"], facts.Members.Select(m => m.InstanceID));
        Assert.Equal(2, facts.MaxServerPerHost);
    }

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static HostFacts With(string name, params string[] instances) => Given.Host(name) with { Allocations = [.. instances.Select(i => Given.Entry(i))] };
}
