using Kilonova.NodeAgent.Domains;
using Kilonova.NodeAgent.Registration;
using Kilonova.NodeAgent.State;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent.Actors;

/// <summary>
/// Has everything looked at: every Instance of the host, every domain of ours, every record, every directory. At the start, after every gap in events, and every
/// few minutes; so nothing hangs on an event that was missed.
/// </summary>
internal sealed class FullPass(InstanceApi api, DomainLook look, RecordStore records, StateDirectory state, InstanceScheduler scheduler, InstanceBoard board, RestoreHold hold, GuestAutostart autostart, TimeProvider time, ILogger<FullPass> logger)
{
    /// <summary>Tombstones are kept this long: longer than anybody restores an old backup of the store without noticing.</summary>
    private static readonly TimeSpan TombstoneAge = TimeSpan.FromDays(90);

    /// <summary>Makes a pass.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var held = hold.Generation;

        // The host first: a domain that appears after its Instance was listed has been started by ourselves.
        var domains = await look.OursAsync(cancel);
        await autostart.ClearAsync(domains, cancel);
        var recorded = records.Ids();
        var directories = state.InstanceDirectories().Where(StateDirectory.IsInstanceID).ToList();
        var (readable, unreadable) = await api.ReadAllAsync(cancel);
        var all = domains.Concat(recorded).Concat(directories).Concat(readable.Keys).Concat(unreadable).ToHashSet(StringComparer.Ordinal);
        board.Expect(held, all.Where(StateDirectory.IsInstanceID));
        // Oldest first: so guests come back after a boot of the host.
        foreach (var id in all.OrderBy(id => readable.GetValueOrDefault(id)?.Found?.Metadata.CreationTimestamp ?? DateTimeOffset.MaxValue).ThenBy(id => id, StringComparer.Ordinal))
            scheduler.Look(id, held is null ? readable.GetValueOrDefault(id) : null);
        records.Prune(time.GetUtcNow() - TombstoneAge);
        LogMessages.FullPass(logger, readable.Count + unreadable.Count, domains.Count, recorded.Count, directories.Count);
    }
}
