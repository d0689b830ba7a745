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
/// <param name="dress">Completes a status whose placement fields were changed, so that bind is one write with all that it entails.</param>
/// <param name="maxAttempts">On how many hosts a build is tried.</param>
public sealed class PlacementExecutor(IPlacementStore store, Func<Server, ServerStatus> dress, int maxAttempts)
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
        for (var round = 0; step.Writes && step is not PlaceServer && round < MaxRounds; round++)
        {
            // A finalizer is justified by nothing but the object that it is written to.
            if (step is AddFinalizer)
            {
                var server = view.Server!;
                var added = await store.WriteServerFinalizersAsync(server, [.. server.Metadata.Finalizers ?? [], ApiGroup.ServerFinalizer], cancellation);
                if (added.Done)
                {
                    writes++;
                    view = view with { Server = added.Object };
                    step = PlacementProtocol.Next(view, maxAttempts);
                    continue;
                }
            }

            var guarded = await _reader.ReadAsync(key, view, step.Guard, cancellation);
            view = guarded.View;
            var decided = PlacementProtocol.Next(view, maxAttempts);
            if (decided.Guard != step.Guard || decided is PlaceServer or AddFinalizer || !decided.Writes)
            {
                // What was read says something else than what was at hand: read again, in the order that this other step needs.
                step = decided;
                continue;
            }

            InstanceSpec? spec = null;
            if (decided is CreateInstance && (spec = await order(view.Server!, cancellation)) is null)
                return new Rest(decided, view.Server, null, writes);

            if (await WriteAsync(decided, guarded, spec, cancellation) is { } changed)
            {
                writes++;
                view = changed;
            }

            step = PlacementProtocol.Next(view, maxAttempts);
        }

        var host = view.Server?.Status?.Host;
        return new Rest(step, view.Server, host is null ? null : view.At(host).Instance, writes);
    }

    /// <summary>The one write of a step. Null when the guard refused it.</summary>
    private async Task<PlacementView?> WriteAsync(Step step, GuardedView guarded, InstanceSpec? order, CancellationToken cancellation)
    {
        var view = guarded.View;
        var server = view.Server;
        switch (step)
        {
            case Bind bind:
                return OfServer(view, await store.WriteServerStatusAsync(server!, dress(Binding.Bound(server!, bind.Host, bind.Epoch, bind.ClaimID, view)), cancellation));
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
                return OfInstance(view, adopt.Host, await store.WriteInstanceAsync(guarded.Instance!, Binding.Present(guarded.Instance!), cancellation));
            case DeleteInstance delete:
                return OfInstance(view, delete.Host, await store.DeleteInstanceAsync(guarded.Instance!, cancellation));
            case RemoveLedgerFinalizer fin:
                return await LetGoAsync(view, fin, guarded.Instance!, cancellation);
            case RemoveEntry remove:
                var ledger = await store.WriteLedgerAsync(guarded.Ledger!, LedgerEntries.Without(guarded.Ledger!, view.InstanceID, remove.Epoch, remove.ClaimID), cancellation);
                return ledger.Object is { } written
                    ? With(view, view.At(remove.Host) with { Entries = LedgerEntries.EntriesOf(written, view.InstanceID) })
                    : null;
            default:
                throw new InvalidOperationException($"no write is known for {step}");
        }
    }

    private async Task<PlacementView?> LetGoAsync(PlacementView view, RemoveLedgerFinalizer step, Instance instance, CancellationToken cancellation)
    {
        var others = instance.Metadata.Finalizers?.Where(f => f != ApiGroup.LedgerFinalizer).ToArray() ?? [];
        var written = await store.WriteInstanceAsync(instance, instance with { Metadata = instance.Metadata with { Finalizers = others } }, cancellation);
        return written.Done ? With(view, view.At(step.Host) with { Instance = others.Length == 0 ? null : written.Object }) : null;
    }

    private static PlacementView? OfServer(PlacementView view, Written<Server> written) =>
        written.Object is { } server ? view with { Server = server } : null;

    private static PlacementView? OfInstance(PlacementView view, string host, Written<Instance> written) =>
        written.Object is { } instance ? With(view, view.At(host) with { Instance = instance }) : null;

    private static PlacementView With(PlacementView view, Place place) =>
        view with { Places = [.. view.Places.Where(p => p.Host != place.Host).Append(place).OrderBy(p => p.Host, StringComparer.Ordinal)] };
}
