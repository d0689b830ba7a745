using Kilonova.Cli.Answers;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Cli.Simulation;

/// <summary>Counts how many more servers of one flavor fit on each host, by deciding and claiming until the host says no.</summary>
internal sealed class CapacityCount(HostBook book, SchedulerConfiguration configuration)
{
    /// <summary>A ledger holds no more entries.</summary>
    private const int MaxEntries = 4096;

    private readonly Scheduler scheduler = new(configuration, random: new Random(0));

    /// <summary>Counts.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <param name="ns">Namespace (project) that asks.</param>
    /// <returns>The answer, without notes.</returns>
    public CapacityAnswer Count(Flavor flavor, Image? image, string ns)
    {
        var server = new Server
        {
            Metadata = new ObjectMeta { Name = "capacity", Namespace = ns, Uid = "capacity" },
            Spec = new ServerSpec
            {
                Flavor = flavor.Metadata.Name!,
                Image = image is null ? null : new ObjectReference { Name = image.Metadata.Name!, Namespace = image.Metadata.Namespace },
            },
        };
        var request = SchedulingRequest.For(server, flavor.Spec, image?.Spec);
        var trace = new DecisionTrace();
        var decision = scheduler.Decide(book.Snapshot, request, trace);
        var hosts = decision.Rejections().Select(r => new HostCapacity(r.Host, 0, r.Filter, r.Message)).ToList();
        hosts.AddRange(trace.Order.Select(o => CountOn(o.Name, request)));
        return new CapacityAnswer
        {
            Flavor = flavor.Metadata.Name!,
            Image = image is null ? null : $"{image.Metadata.Namespace}/{image.Metadata.Name}",
            Fits = hosts.Sum(h => h.Fits),
            Message = hosts.Count == 0 ? decision.Message : null,
            Hosts = [.. hosts.OrderByDescending(h => h.Fits).ThenBy(h => h.Host, StringComparer.Ordinal)],
            RunsOutFirst = [.. hosts.GroupBy(h => h.Step).Select(g => new StopCount(g.Key, g.Count())).OrderByDescending(s => s.Hosts).ThenBy(s => s.Step, StringComparer.Ordinal)],
            Notes = [],
            Ignored = [],
        };
    }

    private HostCapacity CountOn(string host, SchedulingRequest request)
    {
        var snapshot = book.Alone(host);
        var facts = book.FactsOf(host);
        var provider = book.Provider(host)!;
        var inventory = book.InventoryOf(host);
        for (var fits = 0; ; fits++)
        {
            if (facts.Allocations.Count >= MaxEntries) return new HostCapacity(host, fits, Ledger.Name, $"holds {MaxEntries} entries, which is all that it can");
            var next = request with { InstanceID = $"capacity-{fits}" };
            var decision = scheduler.Decide(snapshot, next);
            if (decision.Host is null)
                return decision.Rejections() is [var rejection, ..] ? new HostCapacity(host, fits, rejection.Filter, rejection.Message) : new HostCapacity(host, fits, "Request", decision.Message);
            switch (Ledger.Claim(provider, inventory, next, new ClaimIdentity(next.InstanceID, 1, HostBook.ClaimID, "Server/capacity/capacity")))
            {
                case ClaimResult.Refused refused:
                    return new HostCapacity(host, fits, refused.Step, refused.Message);
                case ClaimResult.Claimed claimed:
                    provider = provider with { Status = new ResourceProviderStatus { Allocations = claimed.Allocations } };
                    facts = facts with { Allocations = claimed.Allocations };
                    snapshot.Apply(facts);
                    break;
            }
        }
    }
}
