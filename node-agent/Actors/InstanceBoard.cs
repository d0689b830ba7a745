using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.NodeAgent.Protocol;

namespace Kilonova.NodeAgent.Actors;

/// <summary>How each instance of the host was left when it was last looked at. Says what goes into the Hypervisor's status and into metrics.</summary>
internal sealed class InstanceBoard
{
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> looked = new(StringComparer.Ordinal);

    /// <summary>Called after a change that the Hypervisor's status shows.</summary>
    public event Action? Changed;

    private sealed record Entry(Verdict Verdict, DomainView? Domain, StrayDomain? Stray);

    /// <summary>Guests that run.</summary>
    public int Running => entries.Values.Count(Runs);

    /// <summary>Strays, by instance ID.</summary>
    public IReadOnlyList<StrayDomain> Strays => [.. entries.Values.Select(entry => entry.Stray).OfType<StrayDomain>().OrderBy(stray => stray.InstanceID, StringComparer.Ordinal)];

    /// <summary>Instances by how they were left.</summary>
    public IReadOnlyList<(VerdictKind Kind, int Count)> ByVerdict => [.. entries.Values.GroupBy(entry => entry.Verdict.Kind).Select(group => (group.Key, group.Count()))];

    /// <summary>Notes how an instance was left.</summary>
    /// <returns>Whether that is something new.</returns>
    public bool Note(InstanceView view, Verdict verdict)
    {
        var id = view.InstanceID;
        var before = entries.GetValueOrDefault(id);
        if (verdict.Kind is VerdictKind.Nothing or VerdictKind.Removed)
        {
            entries.TryRemove(id, out _);
        }
        else
        {
            entries[id] = new Entry(verdict, view.Domain, verdict.Kind == VerdictKind.Stray ? Stray(view, verdict) : null);
        }

        var after = entries.GetValueOrDefault(id);
        var firstLook = NoteHold(id, view.Host.HeldFor);
        if (firstLook || before?.Stray != after?.Stray || Runs(before) != Runs(after))
            Changed?.Invoke();
        return before?.Verdict.Kind != verdict.Kind || before.Verdict.Message != verdict.Message;
    }

    private static bool Runs(Entry? entry) => entry?.Domain is { Ours: true, Active: true };

    /// <summary>Whether each of these was looked at under the hold of this generation (R9), so that its strays are known.</summary>
    public bool LookedUnder(long generation, IReadOnlyCollection<string> ids) => ids.All(id => looked.TryGetValue(id, out var under) && under == generation);

    private bool NoteHold(string id, long? generation)
    {
        if (generation is not { } held)
        {
            looked.TryRemove(id, out _);
            return false;
        }

        var first = !looked.TryGetValue(id, out var under) || under != held;
        looked[id] = held;
        return first;
    }

    private static StrayDomain Stray(InstanceView view, Verdict verdict) => new()
    {
        InstanceID = view.InstanceID,
        Epoch = InstanceProtocol.EpochHere(view) ?? 0,
        Server = view.Record?.Server ?? view.Domain?.Server,
        PowerState = view.Domain?.State ?? PowerState.NoState,
        Reason = $"{verdict.Reason}: {verdict.Message}",
    };
}
