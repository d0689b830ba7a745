using Kilonova.Crds;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.NodeAgent.Actors;

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
    private Pass? pass;

    private sealed record Pass(long Generation, IReadOnlyCollection<string> Ids);

    public RestoreHold(KubernetesClient client, InstanceBoard board)
    {
        cells = new Informer<Cell>(client.Resource(ResourceType.Of(CrdsJsonContext.Default.Cell)), WatchScope.Named(LocalCell));
        cells.OnChange(change =>
        {
            if (GenerationOf(change.Old) != GenerationOf(change.New))
                Changed?.Invoke();
        });
        this.board = board;
    }

    /// <summary>Called when a hold begins or ends: everything is to be looked at.</summary>
    public event Action? Changed;

    /// <summary>Generation for which everything is held; null when nothing is.</summary>
    public long? Generation => GenerationOf(cells.Get(new NamespacedName(LocalCell)));

    /// <summary>Generation for which everything here was looked at since nothing is started or destroyed any more; null when there is none, or not all was.</summary>
    public long? Answer => Generation is { } held && pass is { } last && last.Generation == held && board.LookedUnder(held, last.Ids) ? held : null;

    /// <summary>Whether it is known if there is a hold.</summary>
    public bool IsKnown => cells.HasSynced;

    /// <summary>Completes when it is known whether there is a hold: before that nothing may be started.</summary>
    public Task KnownAsync(CancellationToken cancel) => cells.WaitForSyncAsync(cancel);

    /// <summary>Follows the cell until stopped.</summary>
    public Task RunAsync(CancellationToken stop) => cells.RunAsync(stop);

    /// <summary>A full pass that began under a hold has everything looked at that it found.</summary>
    /// <param name="generation">Of the hold, when the pass began; null when there was none.</param>
    /// <param name="ids">Instance IDs that it found.</param>
    public void Passed(long? generation, IReadOnlyCollection<string> ids) => pass = generation is { } held ? new Pass(held, ids) : null;

    /// <summary>Generation for which a cell is held; null when it is not.</summary>
    public static long? GenerationOf(Cell? cell) => cell?.Spec.Generation is { } generation && generation > (cell.Status?.CompletedGeneration ?? 0) ? generation : null;
}
