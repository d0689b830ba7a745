using Kilonova.Cli.Answers;
using Kilonova.Crds;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Cli.Simulation;

/// <summary>Decides as the operator does: references, request, decision, then a claim on the chosen host or the next of its alternates.</summary>
/// <param name="book">Hosts and ledgers.</param>
/// <param name="configuration">Options of the scheduler.</param>
/// <param name="seed">Where draws among hosts begin, so that the same files give the same answer.</param>
internal sealed class Simulator(HostBook book, SchedulerConfiguration configuration, int seed)
{
    private readonly Scheduler scheduler = new(configuration, random: new Random(seed));

    /// <summary>Places every pending server, one after the other.</summary>
    public IReadOnlyList<ServerAnswer> PlacePending() => [.. book.Pending.ToList().Select(server => Decide(server))];

    /// <summary>Decides on one server, and claims for it.</summary>
    public ServerAnswer Decide(Server server)
    {
        var references = ServerReferences.Of(server, book);
        if (references is ServerReferences.Missing noReference) return Missing(server, noReference);
        if (ServerReferences.Hints(server, book, out var context) is { } noHint) return Missing(server, noHint);
        var request = book.RequestOf(server, (ServerReferences.Found)references, context);

        var trace = new DecisionTrace();
        var decision = scheduler.Decide(book.Snapshot, request, trace);
        // Both are gone once the claim is written.
        var rejected = decision.Rejections();
        // A refusal of the request itself is the message already.
        var nearestMiss = trace.Steps.Count == 0 ? null : decision.Report(DateTimeOffset.UnixEpoch).NearestMiss;

        var refused = new List<RejectionAnswer>();
        string? host = null;
        Allocation? entry = null;
        foreach (var ranked in decision.Ranked)
        {
            switch (book.Claim(ranked.Name, request, server))
            {
                case ClaimResult.Claimed claimed:
                    (host, entry) = (ranked.Name, claimed.Entry);
                    break;
                case ClaimResult.Refused no:
                    refused.Add(new RejectionAnswer(ranked.Name, no.Step, no.Message));
                    break;
                case ClaimResult.AlreadyHeld held:
                    (host, entry) = (ranked.Name, held.Entry);
                    break;
            }

            if (host is not null) break;
        }

        return Empty(server) with
        {
            Placed = host is not null,
            Reason = host is not null ? "Placed" : decision.Host is null ? "NoValidHost" : "ClaimRefused",
            Message = decision.Message,
            Host = host,
            Alternates = [.. decision.Ranked.Select(r => r.Name).Where(n => n != host && refused.TrueForAll(r => r.Host != n))],
            NearestMiss = nearestMiss,
            Steps = [.. trace.Steps.Select(s => new StepAnswer(s.Step, s.Survivors))],
            Rejected = [.. rejected.Select(r => new RejectionAnswer(r.Host, r.Filter, r.Message))],
            Weighers = [.. trace.Weighers.Select(w => new WeigherAnswer(w.Weigher, [.. w.Values.Select(v => new ValueAnswer(v.Host, v.Raw, v.Normalized, v.Multiplier, v.Multiplier * v.Normalized))]))],
            Order = [.. trace.Order.Select(o => new WeightAnswer(o.Name, o.Weight))],
            RefusedClaims = refused.Count == 0 ? null : refused,
            Allocation = entry,
        };
    }

    private static ServerAnswer Missing(Server server, ServerReferences.Missing missing) => Empty(server) with { Reason = missing.Reason, Message = missing.Message };

    private static ServerAnswer Empty(Server server) => new()
    {
        Namespace = server.Metadata.Namespace!,
        Name = server.Metadata.Name!,
        Flavor = server.Spec.Flavor,
        Placed = false,
        Reason = "",
        Message = "",
        BoundTo = server.Status?.Host,
    };
}
