using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Placement;

/// <summary>Where a run of the protocol came to rest.</summary>
/// <param name="Step">The step that somebody else has to do (<see cref="PlaceServer"/>: the scheduler) or nobody yet.</param>
/// <param name="Server">The Server as last read or written; null when it is gone.</param>
/// <param name="Instance">The Instance on the bound host as last read or written.</param>
/// <param name="Writes">How many writes were made on the way.</param>
public sealed record Rest(Step Step, Server? Server, Instance? Instance, int Writes);

/// <summary>The work order for a bound server, or why there can be none yet.</summary>
public delegate Task<InstanceSpec?> OrderSource(Server server, CancellationToken cancellation);

/// <summary>
/// Does the steps that the protocol decides, one guarded write each, until it comes to rest. Safe to run on several leaders at once and to be
/// cut off anywhere: whatever is left half done is a state that the protocol goes on from.
/// </summary>
/// <param name="store">Quorum reads and guarded writes.</param>
/// <param name="ledgers">Writes ledgers, of which many servers share one.</param>
/// <param name="groups">Writes groups.</param>
/// <param name="dress">Completes a status whose placement fields were changed, so that bind is one write with all that it entails.</param>
/// <param name="maxAttempts">On how many hosts a build is tried.</param>
public sealed class PlacementExecutor(IPlacementStore store, LedgerWriter ledgers, GroupWriter groups, Func<Server, ServerStatus> dress, int maxAttempts)
{
    /// <summary>More rounds than any sequence of steps needs; whoever needs more is fighting somebody, and comes back later.</summary>
    private const int MaxRounds = 24;

    private readonly GuardedReader _reader = new(store);

    /// <summary>Runs the protocol for one instance ID until it comes to rest.</summary>
    /// <param name="key">The ID and its Server.</param>
    /// <param name="view">What is at hand, perhaps out of date: every write is decided anew on quorum reads.</param>
    /// <param name="order">Makes the Instance of a bound server; null as long as something that it needs is missing.</param>
    /// <param name="cancellation">Cancels between two steps, or in one: both are harmless.</param>
    public async Task<Rest> RunAsync(PlacementKey key, PlacementView view, OrderSource order, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(order);

        var writes = 0;
        var step = PlacementProtocol.Next(view, maxAttempts);
        for (var round = 0; step.Writes && round < MaxRounds; round++)
        {
            // Of a server that is not bound, the bind's guard is all the justification there is.
            if (step is PlaceServer && view.Server!.Status?.Host is null)
                break;
            var done = step.Guard.Kind switch
            {
                GuardKind.Ledger => await ChangeLedgerAsync(key, view, step.Guard, cancellation),
                GuardKind.Group => await ChangeGroupAsync(key, view, step.Guard, cancellation),
                _ => await DecideAndWriteAsync(key, view, step, order, cancellation),
            };
            view = done.View;
            writes += done.Written ? 1 : 0;
            step = PlacementProtocol.Next(view, maxAttempts);
            if (done.AtRest)
                break;
        }

        var host = view.Server?.Status?.Host;
        return new Rest(step, view.Server, host is null ? null : view.At(host).Instance, writes);
    }

    /// <summary>Reads what justifies the step, decides again, and writes if the answer is still guarded by the same object.</summary>
    private async Task<Round> DecideAndWriteAsync(PlacementKey key, PlacementView view, Step step, OrderSource order, CancellationToken cancellation)
    {
        // A finalizer is justified by nothing but the object that it is written to.
        var read = step is AddFinalizer ? view : await _reader.ReadAsync(key, view, step.Guard, cancellation);
        var decided = PlacementProtocol.Next(read, maxAttempts);
        if (!decided.Writes || decided.Guard != step.Guard)
            return new Round(read);

        // A server that leaves its place: that the place failed, or is lost, was read by quorum after the Server, whose version then guards the bind.
        if (decided is PlaceServer)
            return new Round(read, AtRest: step is PlaceServer);

        InstanceSpec? spec = null;
        if (decided is CreateInstance && (spec = await order(read.Server!, cancellation)) is null)
            return new Round(read, AtRest: true);

        return await WriteAsync(decided, read, spec, cancellation) is { } changed
            ? new Round(changed, Written: true)
            : new Round(await _reader.RefreshAsync(key, read, step.Guard, cancellation));
    }

    /// <summary>As <see cref="DecideAndWriteAsync"/>, for an entry: the ledger is read by its writer, which calls back for the rest.</summary>
    private async Task<Round> ChangeLedgerAsync(PlacementKey key, PlacementView view, StepGuard guard, CancellationToken cancellation)
    {
        var host = guard.Host!;
        var round = await ledgers.ChangeAsync(
            host,
            async (ledger, cancel) =>
            {
                var read = await _reader.ReadAsync(key, view.With(view.At(host) with { Entries = LedgerEntries.EntriesOf(ledger, key.InstanceID) }), guard, cancel);
                if (PlacementProtocol.Next(read, maxAttempts) is not RemoveEntry remove || remove.Guard != guard)
                    return new SharedEdit<Round, IReadOnlyList<Allocation>>(new Round(read), null);
                var rest = read.At(host).Entries.Where(e => e.Epoch != remove.Epoch || e.ClaimID != remove.ClaimID).ToArray();
                return new SharedEdit<Round, IReadOnlyList<Allocation>>(new Round(read.With(read.At(host) with { Entries = rest }), Written: true), LedgerEntries.Without(ledger, key.InstanceID, remove.Epoch, remove.ClaimID));
            },
            cancellation);
        return round ?? new Round(await _reader.RefreshAsync(key, view, guard, cancellation));
    }

    /// <summary>As <see cref="ChangeLedgerAsync"/>, for a seat.</summary>
    private async Task<Round> ChangeGroupAsync(PlacementKey key, PlacementView view, StepGuard guard, CancellationToken cancellation)
    {
        var round = await groups.ChangeAsync(
            new GroupKey(key.Namespace, guard.Name!),
            async (group, cancel) =>
            {
                var read = await _reader.ReadAsync(key, GuardedReader.WithGroup(view, key, guard.Name!, group), guard, cancel);
                var wanted = PlacementProtocol.Next(read, maxAttempts) switch
                {
                    RemoveSeat remove when remove.Guard == guard => GroupSeats.Without(group, remove.Seat),
                    AddSeat add when add.Guard == guard => GroupSeats.Adding(group, add.Seat),
                    _ => null,
                };
                return wanted is null
                    ? new SharedEdit<Round, IReadOnlyList<GroupMember>>(new Round(read), null)
                    : new SharedEdit<Round, IReadOnlyList<GroupMember>>(new Round(read.With(new SeatsInGroup(key.Namespace, guard.Name!, [.. wanted.Where(m => m.InstanceID == key.InstanceID)])), Written: true), wanted);
            },
            cancellation);
        return round ?? new Round(await _reader.RefreshAsync(key, view, guard, cancellation));
    }

    /// <summary>The one write of a step. Null when the guard refused it.</summary>
    private async Task<PlacementView?> WriteAsync(Step step, PlacementView view, InstanceSpec? order, CancellationToken cancellation)
    {
        var server = view.Server;
        switch (step)
        {
            case AddFinalizer:
                return OfServer(view, await store.WriteServerFinalizersAsync(server!, [.. server!.Metadata.Finalizers ?? [], ApiGroup.ServerFinalizer], cancellation));
            case Bind bind:
                return OfServer(view, await store.WriteServerStatusAsync(server!, dress(Bound(view, server!, bind)), cancellation));
            case Raise raise:
                return OfServer(view, await store.WriteServerStatusAsync(server!, Binding.Raised(server!, raise.Epoch), cancellation));
            case RemoveServerFinalizer:
                var others = server!.Metadata.Finalizers!.Where(f => f != ApiGroup.ServerFinalizer).ToArray();
                return (await store.WriteServerFinalizersAsync(server, others, cancellation)).Done ? view with { Server = null } : null;
            case CreateInstance create:
                return OfInstance(view, create.Host, await store.CreateInstanceAsync(Binding.Order(view.InstanceID, create.Host, order!), cancellation));
            case CreateAbsentInstance absent:
                return OfInstance(view, absent.Host, await store.CreateInstanceAsync(Binding.Absent(view.InstanceID, absent, server!), cancellation));
            case AdoptIncoming adopt:
                return OfInstance(view, adopt.Host, await store.WriteInstanceAsync(view.At(adopt.Host).Instance!, Binding.Present(view.At(adopt.Host).Instance!), cancellation));
            case HoldBackInstance hold:
                return OfInstance(view, hold.Host, await NoteAsync(view.At(hold.Host).Instance!, new MoveNote { TargetEpoch = hold.Epoch, Reason = MoveReason.Restore }, cancellation));
            case LetStart let:
                return OfInstance(view, let.Host, await NoteAsync(view.At(let.Host).Instance!, null, cancellation));
            case DeleteInstance delete:
                return OfInstance(view, delete.Host, await store.DeleteInstanceAsync(view.At(delete.Host).Instance!, cancellation));
            case RemoveLedgerFinalizer fin:
                return await LetGoAsync(view, fin, view.At(fin.Host).Instance!, cancellation);
            default:
                throw new InvalidOperationException($"no write is known for {step}");
        }
    }

    private static Server Bound(PlacementView view, Server server, Bind bind) =>
        Binding.Bound(server, view.InstanceID, bind.Host, bind.Epoch, bind.ClaimID, server.Status?.Host is { } left ? view.At(left).Instance : null);

    private Task<Written<Instance>> NoteAsync(Instance instance, MoveNote? note, CancellationToken cancellation) =>
        store.WriteInstanceAsync(instance, instance with { Spec = instance.Spec with { Note = note } }, cancellation);

    private async Task<PlacementView?> LetGoAsync(PlacementView view, RemoveLedgerFinalizer step, Instance instance, CancellationToken cancellation)
    {
        var gone = view.At(step.Host).Gone;
        var others = instance.Metadata.Finalizers?.Where(f => f != ApiGroup.LedgerFinalizer && !(gone && f == ApiGroup.AgentFinalizer)).ToArray() ?? [];
        var written = await store.WriteInstanceAsync(instance, instance with { Metadata = instance.Metadata with { Finalizers = others } }, cancellation);
        return written.Done ? view.With(view.At(step.Host) with { Instance = others.Length == 0 ? null : written.Object }) : null;
    }

    private static PlacementView? OfServer(PlacementView view, Written<Server> written) =>
        written.Object is { } server ? view with { Server = server } : null;

    private static PlacementView? OfInstance(PlacementView view, string host, Written<Instance> written) =>
        written.Object is { } instance ? view.With(view.At(host) with { Instance = instance }) : null;

    /// <summary>What one round came to.</summary>
    private sealed record Round(PlacementView View, bool Written = false, bool AtRest = false);
}
