using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.NodeAgent.Protocol;

namespace Kilonova.NodeAgent.Actors;

/// <summary>How each instance of the host was left when it was last looked at. Says what goes into the Hypervisor's status and into metrics.</summary>
internal sealed class InstanceBoard
{
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private Pass? pass;
    private bool complete;
    private long? answer;

    /// <summary>Called after a change that the Hypervisor's status shows.</summary>
    public event Action? Changed;

    /// <summary>What a full pass found and nobody has looked at since.</summary>
    private sealed record Pass(long? HeldFor, HashSet<string> Left);

    private sealed record Entry(Verdict Verdict, DomainView? Domain, StrayDomain? Stray);

    /// <summary>Guests that run.</summary>
    public int Running => entries.Values.Count(Runs);

    /// <summary>
    /// Whether everything that a full pass found was looked at by this process. Before that there may be more strays than <see cref="Strays"/> has: an agent that has
    /// just begun must not be taken for one that found none.
    /// </summary>
    public bool IsComplete
    {
        get
        {
            lock (gate)
                return complete;
        }
    }

    /// <summary>R9: generation of a hold under which everything that a full pass found was looked at; null when there is none.</summary>
    public long? Answer
    {
        get
        {
            lock (gate)
                return answer;
        }
    }

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
        if (Looked(id, view.Host.HeldFor) || before?.Stray != after?.Stray || Runs(before) != Runs(after))
            Changed?.Invoke();
        return before?.Verdict.Kind != verdict.Kind || before.Verdict.Message != verdict.Message;
    }

    private static bool Runs(Entry? entry) => entry?.Domain is { Ours: true, Active: true };

    /// <summary>A full pass has found these, and has each looked at.</summary>
    /// <param name="heldFor">Generation of the hold when it began (R9); null when there was none.</param>
    /// <param name="ids">Instance IDs.</param>
    public void Expect(long? heldFor, IEnumerable<string> ids)
    {
        bool ended;
        lock (gate)
        {
            pass = new Pass(heldFor, new HashSet<string>(ids, StringComparer.Ordinal));
            ended = End(pass);
        }

        if (ended)
            Changed?.Invoke();
    }

    private bool Looked(string id, long? heldFor)
    {
        lock (gate)
            return pass is { } last && last.HeldFor == heldFor && last.Left.Remove(id) && End(last);
    }

    // Whether that was the last one, and says something new.
    private bool End(Pass last)
    {
        if (last.Left.Count > 0)
            return false;
        var isNew = !complete || answer != last.HeldFor;
        (complete, answer) = (true, last.HeldFor);
        return isNew;
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
