using Kilonova.Crds;

namespace Kilonova.Operator.Protocol;

/// <summary>
/// R9: after the store was restored from a copy, which an admin says by raising the cell's generation, nobody schedules, starts or destroys until every host has
/// said what it runs, or was waived by name.
/// </summary>
public static class RestoreHold
{
    /// <summary>Whether the cell is held.</summary>
    public static bool Holds(Cell? cell) => cell?.Spec.Generation is { } generation && generation > (cell.Status?.CompletedGeneration ?? 0);

    /// <summary>Hosts that have not said yet what they run.</summary>
    public static IReadOnlyList<string> Unanswered(Cell cell, IEnumerable<Hypervisor> hosts)
    {
        ArgumentNullException.ThrowIfNull(cell);
        ArgumentNullException.ThrowIfNull(hosts);
        var waived = cell.Spec.WaivedHosts ?? [];
        return
        [
            .. hosts.Where(h => (h.Status?.ReportedGeneration ?? 0) < cell.Spec.Generation)
                .Select(h => h.Metadata.Name!).Where(name => !waived.Contains(name)).Order(StringComparer.Ordinal),
        ];
    }
}
