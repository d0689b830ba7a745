using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Operator.Servers;
using Kilonova.Operator.Tests.Protocol;

namespace Kilonova.Operator.Tests.Servers;

/// <summary>A Server costs three writes of ours from apply to Active: finalizer, bind, Ready. What happens in between adds none.</summary>
public sealed class WriteBudgetTests
{
    private static readonly DateTimeOffset Later = DateTimeOffset.UnixEpoch.AddSeconds(1);

    [Theory]
    [InlineData(null)]
    [InlineData("52:54:00:00:00:01")]
    public void The_Instance_that_a_bind_leads_to_changes_nothing_in_the_status(string? macAddress)
    {
        var server = Given.Server(1, "host-a");
        server = server with { Spec = server.Spec with { Networks = [new ServerNetwork { Network = "outgoing", MacAddress = macAddress }, new ServerNetwork { Network = "inside" }] } };
        var flavor = new Flavor { ApiVersion = ApiGroup.ApiVersion, Kind = "Flavor", Metadata = new() { Name = "small" }, Spec = new() { Vcpus = 1, MemoryMiB = 64 } };
        var networks = server.Spec.Networks!.Select(n => new Network { ApiVersion = ApiGroup.ApiVersion, Kind = "Network", Metadata = new() { Name = n.Network }, Spec = new() { Type = NetworkType.User } }).ToList();
        var bound = server with { Status = ServerStatusBuilder.Build(new ServerFacts(server, null, DateTimeOffset.UnixEpoch) { Flavor = flavor }) };

        var order = InstanceOrder.Of(bound, Given.Id, new Resolution.Complete(flavor, null, [], networks), hasUserData: false);
        var instance = Given.Instance("host-a", 1) with { Spec = order };
        var afterwards = bound with { Status = ServerStatusBuilder.Build(new ServerFacts(bound, instance, Later) { Flavor = flavor }) };

        Assert.Equal(2, bound.Status!.Addresses!.Count);
        Assert.Null(MergePatch.Between(ApiResources.Kinds.Servers, bound, afterwards)?.ToJsonString());
    }
}
