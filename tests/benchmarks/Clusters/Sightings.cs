using System.Collections.Concurrent;
using System.Diagnostics;

namespace Kilonova.Benchmarks.Clusters;

/// <summary>When each thing was first seen to happen, by one clock. A subject is an instance ID.</summary>
internal sealed class Sightings
{
    private readonly ConcurrentDictionary<(string Subject, Milestone What), TaskCompletionSource<long>> seen = new();

    /// <summary>It is so now; what was seen before keeps its time.</summary>
    public void Note(string subject, Milestone what) => Note(subject, what, Stopwatch.GetTimestamp());

    /// <summary>It was so at a time of the clock.</summary>
    public void Note(string subject, Milestone what, long timestamp) => Of(subject, what).TrySetResult(timestamp);

    /// <summary>Waits until it is so.</summary>
    /// <exception cref="TimeoutException">It was not within two minutes.</exception>
    public async Task WaitAsync(string subject, Milestone what, TimeSpan? limit = null)
    {
        try
        {
            await Of(subject, what).Task.WaitAsync(limit ?? TimeSpan.FromMinutes(2));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{subject} was not {what} in time; seen: {string.Join(", ", Enum.GetValues<Milestone>().Where(m => IsSeen(subject, m)))}");
        }
    }

    /// <summary>Time from one to another; both have been seen.</summary>
    public TimeSpan Between(string subject, Milestone from, Milestone to) => Stopwatch.GetElapsedTime(At(subject, from), At(subject, to));

    /// <summary>Time of the clock.</summary>
    public long At(string subject, Milestone what) => IsSeen(subject, what) ? Of(subject, what).Task.Result : throw new InvalidOperationException($"{subject} was never {what}");

    private bool IsSeen(string subject, Milestone what) => Of(subject, what).Task.IsCompletedSuccessfully;

    private TaskCompletionSource<long> Of(string subject, Milestone what) =>
        seen.GetOrAdd((subject, what), _ => new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously));
}
