using System.Diagnostics.CodeAnalysis;

namespace Kilonova.Kubernetes.Queue;

/// <summary>Keys in order, tenant by tenant in turn: one with very many keys does not keep the others waiting for all of them.</summary>
internal sealed class FairLane<TKey>
{
    private readonly Dictionary<string, Queue<(TKey Key, long Ticket)>> _byTenant = new(StringComparer.Ordinal);
    private readonly Queue<string> _turns = new();
    private readonly Stack<Queue<(TKey Key, long Ticket)>> _spare = new();

    public void Enqueue(TKey key, long ticket, string tenant)
    {
        if (!_byTenant.TryGetValue(tenant, out var keys))
        {
            _byTenant[tenant] = keys = _spare.TryPop(out var spare) ? spare : new();
            _turns.Enqueue(tenant);
        }

        keys.Enqueue((key, ticket));
    }

    public bool TryDequeue([MaybeNullWhen(false)] out TKey key, out long ticket)
    {
        if (!_turns.TryDequeue(out var tenant))
        {
            (key, ticket) = (default, 0);
            return false;
        }

        var keys = _byTenant[tenant];
        (key, ticket) = keys.Dequeue();
        if (keys.Count > 0)
        {
            _turns.Enqueue(tenant);
        }
        else
        {
            _byTenant.Remove(tenant);
            if (_spare.Count < 16)
                _spare.Push(keys);
        }

        return true;
    }

    public void Clear()
    {
        _byTenant.Clear();
        _turns.Clear();
    }
}
