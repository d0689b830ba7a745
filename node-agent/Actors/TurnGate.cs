using Kilonova.Crds;

namespace Kilonova.NodeAgent.Actors;

/// <summary>
/// Lets so many through at a time and, of those who wait, the one with the oldest Instance first. After a boot of the host its guests so come back in the order
/// in which they were made, as with Nova's <c>resume_guests_state_on_host_boot</c>, and not all at once.
/// </summary>
/// <param name="places">How many at a time.</param>
internal sealed class TurnGate(int places)
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<TaskCompletionSource, (DateTimeOffset Created, string Name)> waiting = new();
    private int free = places;

    /// <summary>Waits for its turn; who has it calls <see cref="Leave"/> in the end.</summary>
    /// <param name="instance">Whose turn.</param>
    /// <param name="cancel">Gives up waiting.</param>
    public async Task EnterAsync(Instance instance, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (free > 0)
            {
                free--;
                return;
            }

            waiting.Enqueue(turn, (instance.Metadata.CreationTimestamp ?? DateTimeOffset.MaxValue, instance.Metadata.Name ?? ""));
        }

        // Who has given up is passed over when it would be its turn.
        await using (cancel.Register(() => turn.TrySetCanceled(cancel)))
            await turn.Task;
    }

    /// <summary>Hands the place on.</summary>
    public void Leave()
    {
        lock (gate)
        {
            while (waiting.TryDequeue(out var next, out _))
            {
                if (next.TrySetResult())
                    return;
            }

            free++;
        }
    }
}
