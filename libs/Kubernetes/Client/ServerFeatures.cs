namespace Kilonova.Kubernetes.Client;

/// <summary>
/// What the server was found not to do. Asking is how one finds out; the answer is believed for a while, since servers are upgraded.
/// </summary>
internal sealed class ServerFeatures(TimeProvider time)
{
    public static readonly TimeSpan Belief = TimeSpan.FromHours(1);

    private long _noStreamedLists = -1;

    /// <summary>Whether a list may be asked for as the beginning of a watch.</summary>
    public bool MayStreamLists => Volatile.Read(ref _noStreamedLists) is var since && (since < 0 || time.GetElapsedTime(since) >= Belief);

    /// <summary>The server refused a streamed list, or does not know them.</summary>
    public void NoStreamedLists() => Volatile.Write(ref _noStreamedLists, time.GetTimestamp());
}
