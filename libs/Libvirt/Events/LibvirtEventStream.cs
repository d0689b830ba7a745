using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Kilonova.Libvirt.Events;

/// <summary>
/// Events in the order in which libvirt raised them, for one reader. The buffer is bounded: what does not fit is counted and
/// reported as one <see cref="EventsLost"/>, never silently dropped.
/// </summary>
public sealed class LibvirtEventStream
{
    private readonly Channel<LibvirtEvent> channel;
    private long lost;

    /// <summary>Makes an empty stream that holds up to <paramref name="capacity"/> unread events.</summary>
    public LibvirtEventStream(int capacity = 16_384)
        => channel = Channel.CreateBounded<LibvirtEvent>(new BoundedChannelOptions(capacity) { SingleReader = true });

    /// <summary>Events dropped and not reported yet.</summary>
    internal long Lost => Interlocked.Read(ref lost);

    /// <summary>Delivers events until the stream is completed (its connection or host disposed). One reader at a time.</summary>
    public async IAsyncEnumerable<LibvirtEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var next in channel.Reader.ReadAllAsync(cancellationToken))
        {
            yield return next;
            // An event is lost only while the buffer is full, so something is read after every loss.
            if (Interlocked.Exchange(ref lost, 0) is var count and > 0)
                yield return new EventsLost(count);
        }
    }

    /// <summary>Never blocks: runs on libvirt's event thread.</summary>
    internal void Publish(LibvirtEvent next)
    {
        if (!channel.Writer.TryWrite(next))
            Interlocked.Increment(ref lost);
    }

    internal void Complete() => channel.Writer.TryComplete();
}
