namespace Kilonova.NodeAgent.Protocol;

/// <summary>Gives out moments: each later than all before it.</summary>
internal sealed class Sequence
{
    private long last;

    /// <summary>Now.</summary>
    public Moment Next() => new(Interlocked.Increment(ref last));
}
