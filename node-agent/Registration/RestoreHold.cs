using Kilonova.Crds;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.NodeAgent.Actors;
using Kilonova.NodeAgent.Protocol;

namespace Kilonova.NodeAgent.Registration;

/// <summary>
/// R9: whether the store was restored from a copy and is held. While it is, nothing is started or destroyed here; once everything was looked at under the hold, the
/// host has said what it runs.
/// </summary>
internal sealed class RestoreHold
{
    /// <summary>The cell of this API server.</summary>
    private const string LocalCell = "local";

    private readonly Informer<Cell> cells;
    private readonly InstanceBoard board;

    private volatile State state = new(null, null);

    private sealed record State(long? Generation, Moment? EndedAt);

    public RestoreHold(KubernetesClient client, InstanceBoard board, Sequence sequence)
    {
        cells = new Informer<Cell>(client.Resource(ResourceType.Of(CrdsJsonContext.Default.Cell)), WatchScope.Named(LocalCell));
        cells.OnChange(change =>
        {
            var (before, now) = (state, GenerationOf(change.New));
            if (now == before.Generation)
                return;
            state = new State(now, now is null ? sequence.Next() : before.EndedAt);
            Changed?.Invoke();
        });
        this.board = board;
    }

    /// <summary>Called when a hold begins or ends: everything is to be looked at.</summary>
    public event Action? Changed;

    /// <summary>Generation for which everything is held; null when nothing is.</summary>
    public long? Generation => state.Generation;

    /// <summary>Both at once: the generation for which everything is held, and when the last hold was over.</summary>
    public (long? Generation, Moment? EndedAt) Now
    {
        get
        {
            var now = state;
            return (now.Generation, now.EndedAt);
        }
    }

    /// <summary>Generation for which everything here was looked at since nothing is started or destroyed any more; null when there is none, or not all was.</summary>
    public long? Answer => Generation is { } held && board.Answer == held ? held : null;

    /// <summary>Whether it is known if there is a hold.</summary>
    public bool IsKnown => cells.HasSynced;

    /// <summary>Completes when it is known whether there is a hold: before that nothing may be started.</summary>
    public Task KnownAsync(CancellationToken cancel) => cells.WaitForSyncAsync(cancel);

    /// <summary>Follows the cell until stopped.</summary>
    public Task RunAsync(CancellationToken stop) => cells.RunAsync(stop);

    /// <summary>Generation for which a cell is held; null when it is not.</summary>
    public static long? GenerationOf(Cell? cell) => cell?.Spec.Generation is { } generation && generation > (cell.Status?.CompletedGeneration ?? 0) ? generation : null;
}
