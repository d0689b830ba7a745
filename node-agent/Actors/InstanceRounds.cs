using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.NodeAgent.Protocol;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent.Actors;

/// <summary>
/// One round for one instance: look, let the protocol decide, do the one step, and again until there is nothing to do. Never two rounds of the same instance at
/// a time. Decides nothing itself.
/// </summary>
internal sealed class InstanceRounds(IInstanceApi api, IGuestHost host, InstanceBoard board, FaultPoints faults, AgentMetrics metrics, Sequence sequence, ILogger<InstanceRounds> logger)
{
    /// <summary>More steps than any round needs: a protocol that does not come to rest must show, not spin.</summary>
    private const int MaxSteps = 40;

    /// <summary>Looks at a passing obstacle this often before the Instance's status tells of it.</summary>
    private const int TellAfter = 3;

    /// <summary>When a guest that has run and cannot be started now is tried again.</summary>
    private static readonly TimeSpan StartAgain = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Preparation> prepared = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> obstacles = new(StringComparer.Ordinal);

    /// <summary>What one round holds.</summary>
    private sealed class Round(string id, InstanceReading? instance)
    {
        public string ID { get; } = id;

        public InstanceReading? Instance { get; set; } = instance;

        public LedgerReading? Ledger { get; set; }

        public DomainView? Domain { get; set; }

        public string? Server => Instance?.Found?.Spec.Server is { } server ? $"{server.Namespace}/{server.Name}" : null;

        public string? RequestID => Instance?.Found?.Spec.RequestID;
    }

    /// <summary>Runs a round.</summary>
    /// <param name="id">Instance ID.</param>
    /// <param name="reading">The Instance, where a quorum read has just given it.</param>
    /// <param name="cancel">Ends the step under way.</param>
    /// <returns>When to look again without an event; null when only an event can change anything.</returns>
    public async Task<TimeSpan?> RunAsync(string id, InstanceReading? reading, CancellationToken cancel)
    {
        var round = new Round(id, reading) { Domain = await host.LookAsync(id, cancel) };
        var step = (Step)new Step.ReadInstance();
        for (var count = 0; count < MaxSteps; count++)
        {
            var view = await ViewAsync(round, cancel);
            step = InstanceProtocol.Next(view);
            if (step is Step.Rest rest)
                return await RestAsync(round, view, rest.Verdict, cancel);
            if (reading is not null)
            {
                // A reading from before the round shows that there is nothing to do. Where there is something, it is read anew: an event since then is not lost.
                (reading, round.Instance) = (null, null);
                continue;
            }

            LogMessages.StepBegun(logger, id, round.Server, round.RequestID, step.GetType().Name);
            metrics.StepBegun(step);
            try
            {
                await faults.ReachAsync(step.GetType().Name, cancel);
                await ExecuteAsync(round, view, step, cancel);
                await faults.ReachAsync(step.GetType().Name + ".done", cancel);
            }
            catch (BuildFailure failure)
            {
                return await FailAsync(round, failure, cancel);
            }
        }

        LogMessages.NoRest(logger, id, MaxSteps, step.GetType().Name);
        return TimeSpan.FromMinutes(1);
    }

    /// <summary>Tells in the Instance's status what keeps the agent from going on, once it has for a while.</summary>
    public async Task TellTroubleAsync(string id, string reason, string message, CancellationToken cancel)
    {
        if ((await api.ReadAsync(id, cancel)).Found is not { } instance)
            return;
        var view = await ViewAsync(new Round(id, new InstanceReading(sequence.Next(), instance)), cancel);
        await api.WriteStatusAsync(instance, InstanceReport.Troubled(instance, view, reason, message), cancel);
    }

    private async Task<InstanceView> ViewAsync(Round round, CancellationToken cancel)
    {
        // Asked only where it matters: a guest is off that ran in this boot, or one is about to be started.
        var matters = round.Domain is not { Active: true } && round.Instance is not null;
        return new InstanceView
        {
            InstanceID = round.ID,
            Host = await host.ViewAsync(matters, cancel),
            Instance = round.Instance,
            Ledger = round.Ledger,
            Record = host.Record(round.ID),
            TombstoneEpoch = host.TombstoneEpoch(round.ID),
            Domain = round.Domain,
            FilesExist = host.FilesExist(round.ID),
            Prepared = prepared.GetValueOrDefault(round.ID),
        };
    }

    private async Task ExecuteAsync(Round round, InstanceView view, Step step, CancellationToken cancel)
    {
        switch (step)
        {
            case Step.ReadInstance:
                round.Instance = await api.ReadAsync(round.ID, cancel);
                break;
            case Step.ReadLedger:
                round.Ledger = await api.ReadLedgerAsync(round.ID, cancel);
                break;
            case Step.Prepare prepare:
                prepared[round.ID] = await host.PrepareAsync(prepare.Instance, view.Record, (part, how, token) => TellAsync(round, view, part, how, token), cancel);
                round.Domain = await host.LookAsync(round.ID, cancel);
                break;
            case Step.WriteRecord write:
                await host.WriteRecordAsync(write.Record, cancel);
                break;
            case Step.StartDomain start:
                await host.StartAsync(start.Instance, view.Record!, cancel);
                round.Domain = await host.LookAsync(round.ID, cancel);
                break;
            case Step.ResumeDomain:
                await host.ResumeAsync(round.ID, cancel);
                round.Domain = await host.LookAsync(round.ID, cancel);
                break;
            case Step.StopDomain:
                await host.StopAsync(round.ID, cancel);
                round.Domain = await host.LookAsync(round.ID, cancel);
                break;
            case Step.RemoveDomain:
                await host.RemoveDomainAsync(round.ID, cancel);
                round.Domain = await host.LookAsync(round.ID, cancel);
                break;
            case Step.RemoveFiles:
                prepared.TryRemove(round.ID, out _);
                await host.RemoveFilesAsync(round.ID, cancel);
                break;
            case Step.WriteTombstone tombstone:
                await host.WriteTombstoneAsync(round.ID, tombstone.Epoch, cancel);
                break;
            case Step.RemoveRecord:
                await host.RemoveRecordAsync(round.ID, cancel);
                break;
            case Step.DropFinalizer drop:
                await api.DropFinalizerAsync(drop.Instance, cancel);
                prepared.TryRemove(round.ID, out _);
                round.Instance = null;
                break;
            default:
                throw new InvalidOperationException($"There is no step {step.GetType().Name}.");
        }
    }

    private async Task TellAsync(Round round, InstanceView view, InstanceStep step, StepProgress? how, CancellationToken cancel)
    {
        var instance = round.Instance!.Found!;
        try
        {
            var told = await api.WriteStatusAsync(instance, InstanceReport.UnderWay(instance, view, step, how), cancel);
            round.Instance = round.Instance with { Found = told };
        }
        catch (KubernetesException error) when (error.IsGuardFailure)
        {
            // It changed: whoever changed it woke this instance, and what follows reads it anew.
        }
        catch (KubernetesConnectionException)
        {
            // Telling how far it is must not end a build.
        }
    }

    private async Task<TimeSpan?> RestAsync(Round round, InstanceView view, Verdict verdict, CancellationToken cancel)
    {
        if (board.Note(view, verdict))
            LogMessages.AtRest(logger, round.ID, round.Server ?? view.Record?.Server, round.RequestID, verdict.Reason, verdict.Message);
        if (verdict.Kind is VerdictKind.Nothing or VerdictKind.Removed)
            prepared.TryRemove(round.ID, out _);

        // An obstacle that passes by itself is told only when it stays.
        var seen = verdict.RetryAfter is null ? 0 : obstacles.AddOrUpdate(round.ID, 1, (_, times) => times + 1);
        if (seen == 0)
            obstacles.TryRemove(round.ID, out _);
        var worthTelling = verdict.Kind is not (VerdictKind.Nothing or VerdictKind.Removed or VerdictKind.HostShuttingDown) && (seen == 0 || seen >= TellAfter);
        if (worthTelling && round.Instance?.Found is { } instance)
            await api.WriteStatusAsync(instance, InstanceReport.AtRest(instance, view, verdict), cancel);
        return verdict.RetryAfter;
    }

    private async Task<TimeSpan?> FailAsync(Round round, BuildFailure failure, CancellationToken cancel)
    {
        var instance = round.Instance!.Found!;
        LogMessages.BuildFailed(logger, round.ID, round.Server, round.RequestID, failure.Step.ToString(), failure.Reason, failure.Message);
        metrics.BuildFailed(failure.Reason);
        round.Domain = await host.LookAsync(round.ID, cancel);
        var view = await ViewAsync(round, cancel);
        board.Note(view, new Verdict(VerdictKind.Failed, failure.Message));

        // A guest that has run has its data here: it is not given up but tried again, for instance until its bridge is there after a boot.
        if (view.Record?.LaunchedAt is not null)
        {
            await api.WriteStatusAsync(instance, InstanceReport.Troubled(instance, view, failure.Reason, failure.Message), cancel);
            return StartAgain;
        }

        // «Elsewhere» is a promise that it never starts here under this number; without the promise nobody may start it anywhere else.
        var elsewhere = failure.Elsewhere && view.Domain is not { Active: true };
        if (elsewhere)
            await host.WriteTombstoneAsync(round.ID, instance.Spec.Epoch, cancel);
        await api.WriteStatusAsync(instance, InstanceReport.Failed(instance, view, failure, elsewhere), cancel);
        return null;
    }
}
