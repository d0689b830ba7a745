using System.Collections.Concurrent;

namespace Kilonova.NodeAgent.Actors;

/// <summary>Wakes who waits for something to happen to a domain.</summary>
internal sealed class DomainChanges
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> waiting = new(StringComparer.Ordinal);

    /// <summary>Completes at the next change. Ask for it before looking at the domain, or a change may be missed.</summary>
    public Task NextAsync(string instanceID) => waiting.GetOrAdd(instanceID, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Something happened to a domain.</summary>
    public void Signal(string instanceID)
    {
        if (waiting.TryRemove(instanceID, out var source))
            source.TrySetResult();
    }
}
