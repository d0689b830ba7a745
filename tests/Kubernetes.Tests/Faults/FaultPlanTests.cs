using Kilonova.Faults;

namespace Kilonova.Kubernetes.Tests.Faults;

/// <summary>Which requests a rule hits.</summary>
public sealed class FaultPlanTests
{
    [Theory]
    [InlineData("GET", "/apis/g/v1/namespaces/ns/widgets", false, "list widgets ns ")]
    [InlineData("GET", "/apis/g/v1/namespaces/ns/widgets", true, "watch widgets ns ")]
    [InlineData("GET", "/apis/g/v1/widgets", true, "watch widgets  ")]
    [InlineData("GET", "/apis/g/v1/namespaces/ns/widgets/a%3Ab", false, "get widgets ns a:b")]
    [InlineData("PUT", "/apis/g/v1/namespaces/ns/widgets/a/status", false, "update widgets/status ns a")]
    [InlineData("PATCH", "/api/v1/namespaces/ns", false, "patch namespaces  ns")]
    [InlineData("PUT", "/api/v1/namespaces/ns/finalize", false, "update namespaces/finalize  ns")]
    [InlineData("POST", "/api/v1/namespaces/ns/secrets", false, "create secrets ns ")]
    [InlineData("DELETE", "/api/v1/nodes/n", false, "delete nodes  n")]
    [InlineData("DELETE", "/apis/g/v1/namespaces/ns/widgets", false, "deletecollection widgets ns ")]
    [InlineData("GET", "/readyz", false, "get /readyz  ")]
    public void A_request_is_read_as_the_server_reads_it(string method, string path, bool watch, string expected)
    {
        var call = ApiCall.Of(method, path, watch);
        Assert.Equal(expected, $"{call.Verb} {call.Resource} {call.Namespace} {call.Name}");
    }

    [Fact]
    public void A_rule_hits_what_fits_as_often_as_it_says()
    {
        var plan = new FaultPlan(1);
        plan.Set(
            new FaultRule { Fault = FaultKind.Latency, Verbs = ["update"] },
            new FaultRule { Fault = FaultKind.Error, Verbs = ["update", "patch"], Resources = ["widgets/status"], Namespace = "ns", ObjectName = "a", Times = 1 },
            new FaultRule { Fault = FaultKind.Reset, Resources = ["*"] });

        Assert.Equal([FaultKind.Latency, FaultKind.Error], Drawn("update", "widgets/status", "ns", "a"));
        Assert.Equal([FaultKind.Latency, FaultKind.Reset], Drawn("update", "widgets/status", "ns", "a"));
        Assert.Equal([FaultKind.Reset], Drawn("patch", "widgets/status", "ns", "b"));
        plan.Set();
        Assert.Equal([], Drawn("update", "widgets/status", "ns", "a"));

        FaultKind[] Drawn(string verb, string resource, string ns, string name) => [.. plan.Draw(new(verb, resource, ns, name)).Select(r => r.Fault)];
    }

    [Fact]
    public void The_same_seed_makes_the_same_choices()
    {
        var first = Choices(7);
        Assert.Equal(first, Choices(7));
        Assert.NotEqual(first, Choices(8));
        Assert.InRange(first.Count(c => c), 230, 370);

        static List<bool> Choices(int seed)
        {
            var plan = new FaultPlan(seed);
            plan.Set(new FaultRule { Fault = FaultKind.Reset, Percent = 30 });
            return [.. Enumerable.Range(0, 1000).Select(_ => plan.Draw(new("get", "widgets", null, "a")).Count > 0)];
        }
    }
}
