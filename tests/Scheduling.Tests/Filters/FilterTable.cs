using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Tests.Filters;

/// <summary>Asks one filter about hosts, as the scheduler asks it: all at once, and host by host where it throws.</summary>
internal static class FilterTable
{
    /// <summary>Names of the hosts that pass; a host for which the filter throws is followed by <c>!</c>.</summary>
    public static string Passing(string filter, SchedulingRequest request, IEnumerable<HostFacts> hosts, SchedulerConfiguration? configuration = null)
    {
        var snapshot = Given.Snapshot(hosts);
        var trace = new DecisionTrace();
        var scheduler = new Scheduler((configuration ?? new SchedulerConfiguration()) with { EnabledRequestFilters = [], EnabledFilters = [filter], EnabledWeighers = [] }, null, new Random(7));
        var decision = scheduler.Decide(snapshot, request, trace);
        var thrown = decision.Errors.Select(e => e.Host + "!");
        if (decision.Rejected.Length > 0)
        {
            // Whoever is rejected is told why, and nobody else's reason is empty either.
            Assert.All(decision.Report(Given.Time).Samples!, s => Assert.NotEqual("", s.Message));
            AssertTheRuleIsTheSameForOne(filter, configuration, snapshot, request, trace);
        }

        return string.Join(' ', trace.Order.Select(o => o.Name).Concat(thrown).Order(StringComparer.Ordinal));
    }

    public static SchedulingRequest Request(Action<Dictionary<string, string>>? specs = null, Action<Dictionary<string, string>>? properties = null)
    {
        var (flavor, image) = (new Dictionary<string, string>(), new Dictionary<string, string>());
        specs?.Invoke(flavor);
        properties?.Invoke(image);
        return Given.NoResources() with
        {
            Project = "red",
            FlavorName = "m1",
            ImageName = "images/debian",
            Flavor = new FlavorSpec { Vcpus = 1, MemoryMiB = 1, ExtraSpecs = flavor },
            Image = new ImageSpec { Properties = image },
        };
    }

    public static HostFacts Host(string name, params (string Key, string Value)[] metadata) => Given.Host(name) with
    {
        Aggregates = [.. metadata.Select((m, i) => new AggregateFacts($"agg{i}-{m.Value}", new Dictionary<string, string> { [m.Key] = m.Value }))],
    };

    private static void AssertTheRuleIsTheSameForOne(string filter, SchedulerConfiguration? configuration, Snapshot snapshot, SchedulingRequest request, DecisionTrace trace)
    {
        var rule = SchedulerRegistry.Default.Filters[filter](configuration ?? new SchedulerConfiguration());
        var passing = trace.Order.Select(o => o.Name).ToHashSet();
        foreach (var row in Enumerable.Range(0, snapshot.Count))
        {
            bool passes;
            try
            {
                passes = rule.Passes(snapshot.View, request, row);
            }
            catch (FormatException)
            {
                passes = false;
            }

            Assert.Equal(passing.Contains(snapshot.View.Name(row)), passes);
        }
    }
}
