using System.Text.Json;

namespace Kilonova.Cli.Tests;

/// <summary>What is read from a cluster gives the answers that the same objects give from files.</summary>
public class ClusterTests
{
    private static readonly string[] Files = ["plain/1-hosts.yaml", "plain/2-servers.yaml"];

    [Theory]
    [InlineData("young")]
    [InlineData("old")]
    [InlineData("too-large")]
    [InlineData("lost")]
    public void Why_says_the_same_of_a_cluster_as_of_files(string server)
    {
        using var cluster = new FakeCluster(Files);
        var asked = Run.Of($"why {server} -o json --kubeconfig {cluster.Kubeconfig}");
        Assert.Equal("", asked.Error);
        Assert.Equal(Of(Run.Of($"why {server} -n demo -o json -f plain/1-hosts.yaml plain/2-servers.yaml"), "server"), Of(asked, "server"));
    }

    [Fact]
    public void Capacity_says_the_same_of_a_cluster_as_of_files()
    {
        using var cluster = new FakeCluster(Files);
        var asked = Run.Of($"capacity --flavor small --image debian -o json --kubeconfig {cluster.Kubeconfig}");
        Assert.Equal(Of(Run.Of("capacity --flavor small --image demo/debian -o json -f plain/1-hosts.yaml plain/2-servers.yaml"), "hosts"), Of(asked, "hosts"));
    }

    [Fact]
    public void A_host_that_is_not_heard_of_is_rejected()
    {
        using var cluster = new FakeCluster(Files, leaseAge: TimeSpan.FromMinutes(2));
        var asked = Run.Of($"why young -o json --kubeconfig {cluster.Kubeconfig}");
        Assert.Equal(1, asked.Code);
        Assert.Contains("3 not in service", Of(asked, "server"), StringComparison.Ordinal);
    }

    [Fact]
    public void Leases_that_may_not_be_read_are_no_reason_not_to_answer_and_a_note_says_so()
    {
        using var cluster = new FakeCluster(Files, leaseAge: TimeSpan.FromMinutes(2));
        cluster.Forbidden.Add("/apis/coordination.k8s.io/v1/leases");
        var asked = Run.Of($"why young -o json --kubeconfig {cluster.Kubeconfig}");
        Assert.Equal(0, asked.Code);
        Assert.Contains("every host is taken to be up", Of(asked, "notes"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_does_not_exist_ends_with_2_and_a_cluster_that_refuses_with_3()
    {
        using var cluster = new FakeCluster(Files);
        var absent = Run.Of($"why nobody --kubeconfig {cluster.Kubeconfig}");
        Assert.Equal((2, "error: server \"nobody\" does not exist in namespace \"demo\"\n"), (absent.Code, absent.Error));
        cluster.Forbidden.Add("/apis/compute.kilonova.dev/v1alpha1/hypervisors");
        var refused = Run.Of($"why young --kubeconfig {cluster.Kubeconfig}");
        Assert.Equal(3, refused.Code);
        Assert.Contains("Forbidden", refused.Error, StringComparison.Ordinal);
    }

    private static string Of(Run run, string field)
    {
        using var json = JsonDocument.Parse(run.Out);
        return json.RootElement.GetProperty(field).GetRawText();
    }
}
